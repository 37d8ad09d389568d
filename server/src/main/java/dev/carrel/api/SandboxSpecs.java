package dev.carrel.api;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.error.Nearest;
import dev.carrel.sandbox.IdleRules;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.Sandbox;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.sandbox.SnapshotId;
import dev.carrel.wire.ResourceLimits;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SandboxRequest;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Sandboxes between the wire and the domain.
final class SandboxSpecs {
    private static final long TTL_SECONDS_MAX = SandboxSpec.TTL_MAX.toSeconds();

    private SandboxSpecs() {}

    /// What requests do not name is as the server has it by default.
    static SandboxSpec spec(SandboxRequest request, Isolation byDefault, IdleRules idleByDefault) {
        if (request.snapshot().isPresent() && request.image().isPresent()) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "image",
                    "image comes with the snapshot; leave one of both out");
        }
        return SandboxSpec.defaults().toBuilder()
                .name(request.name())
                .image(request.image().orElse(SandboxSpec.DEFAULT_IMAGE))
                .isolation(request.isolation().map(SandboxSpecs::isolation).orElse(byDefault))
                .resources(
                        request.resources()
                                .map(limits -> resources(limits, Resources.DEFAULT))
                                .orElse(Resources.DEFAULT))
                .network(request.network().map(NetworkPolicies::policy).orElse(NetworkPolicy.ON))
                .env(request.env())
                .metadata(request.metadata())
                .user(request.user())
                .ttl(request.ttlSeconds().map(SandboxSpecs::ttl))
                .idle(request.idle().map(rules -> idle(rules, idleByDefault)))
                .snapshot(request.snapshot().map(Inputs::snapshot))
                .build();
    }

    static Isolation isolation(String name) {
        return Isolation.of(name)
                .orElseThrow(() -> {
                    List<String> names =
                            Arrays.stream(Isolation.values()).map(Isolation::wireName).toList();
                    String hint =
                            Nearest.to(name, names)
                                    .map(near -> "; did you mean \"" + near + "\"?")
                                    .orElse("");
                    return CarrelException.ofParam(
                            ErrorCode.INVALID_REQUEST,
                            "isolation",
                            "isolation must be one of " + names + hint);
                });
    }

    static Resources resources(ResourceLimits limits, Resources otherwise) {
        return Inputs.valid(() ->
                new Resources(
                        limits.cpus().orElse(otherwise.cpus()),
                        limits.memoryMb().orElse(otherwise.memoryMib()),
                        limits.diskMb().orElse(otherwise.diskMib()),
                        otherwise.processesMax()));
    }

    static IdleRules idle(dev.carrel.wire.IdleRules rules, IdleRules otherwise) {
        return new IdleRules(
                after("pause_after_seconds", rules.pauseAfterSeconds(), otherwise.pauseAfter()),
                after("stop_after_seconds", rules.stopAfterSeconds(), otherwise.stopAfter()));
    }

    private static Optional<Duration> after(
            String name, Optional<Long> seconds, Optional<Duration> otherwise) {
        if (seconds.isEmpty()) {
            return otherwise;
        }
        if (seconds.get() < 0 || seconds.get() > IdleRules.MAX.toSeconds()) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "idle." + name,
                    "idle.%s must be from 1 to %d, or 0 for never"
                            .formatted(name, IdleRules.MAX.toSeconds()));
        }
        return seconds.map(Duration::ofSeconds).filter(Duration::isPositive);
    }

    private static dev.carrel.wire.IdleRules idle(IdleRules rules) {
        return dev.carrel.wire.IdleRules.of(
                rules.pauseAfter().orElse(Duration.ZERO).toSeconds(),
                rules.stopAfter().orElse(Duration.ZERO).toSeconds());
    }

    static Duration ttl(long seconds) {
        if (seconds < 1 || seconds > TTL_SECONDS_MAX) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "ttl_seconds",
                    "ttl_seconds must be from 1 to " + TTL_SECONDS_MAX);
        }
        return Duration.ofSeconds(seconds);
    }

    /// One that shows no ports.
    static SandboxInfo info(Sandbox sandbox) {
        return info(sandbox, List.of());
    }

    static SandboxInfo info(Sandbox sandbox, List<Integer> ports) {
        SandboxSpec spec = sandbox.spec();
        return new SandboxInfo(
                sandbox.id().value(),
                spec.name(),
                spec.image(),
                new ResourceLimits(
                        Optional.of(spec.resources().cpus()),
                        Optional.of(spec.resources().memoryMib()),
                        Optional.of(spec.resources().diskMib())),
                spec.isolation().wireName(),
                NetworkPolicies.info(spec.network()),
                spec.env(),
                spec.metadata(),
                spec.user(),
                spec.ttl().map(Duration::toSeconds),
                idle(sandbox.idle()),
                spec.snapshot().map(SnapshotId::value),
                sandbox.state().wireName(),
                sandbox.reason(),
                sandbox.memory().saved(),
                sandbox.memory().lost(),
                sandbox.createdAt(),
                sandbox.lastActiveAt(),
                sandbox.expiresAt(),
                sandbox.deletedAt(),
                ports);
    }
}
