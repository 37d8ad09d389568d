package dev.carrel.api;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.error.Nearest;
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
    private static final long TTL_SECONDS_MAX = Duration.ofDays(366).toSeconds();

    private SandboxSpecs() {}

    /// `byDefault` is the isolation of requests that name none.
    static SandboxSpec spec(SandboxRequest request, Isolation byDefault) {
        if (request.idle().isPresent()) {
            throw Inputs.notSupported("idle");
        }
        if (request.snapshot().isPresent() && request.image().isPresent()) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "image",
                    "image comes with the snapshot; leave one of both out");
        }
        return new SandboxSpec(
                request.name(),
                request.image().orElse(SandboxSpec.DEFAULT_IMAGE),
                request.isolation().map(SandboxSpecs::isolation).orElse(byDefault),
                request.resources().map(SandboxSpecs::resources).orElse(Resources.DEFAULT),
                request.network().map(NetworkPolicies::policy).orElse(NetworkPolicy.ON),
                request.env(),
                request.metadata(),
                request.user(),
                request.ttlSeconds().map(SandboxSpecs::ttl),
                Optional.empty(),
                request.snapshot().map(Inputs::snapshot));
    }

    private static Isolation isolation(String name) {
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

    private static Resources resources(ResourceLimits limits) {
        return Inputs.valid(() ->
                new Resources(
                        limits.cpus().orElse(Resources.DEFAULT.cpus()),
                        limits.memoryMb().orElse(Resources.DEFAULT.memoryMib()),
                        limits.diskMb().orElse(Resources.DEFAULT.diskMib()),
                        Resources.DEFAULT.processesMax()));
    }

    private static Duration ttl(long seconds) {
        if (seconds < 1 || seconds > TTL_SECONDS_MAX) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "ttl_seconds",
                    "ttl_seconds must be from 1 to " + TTL_SECONDS_MAX);
        }
        return Duration.ofSeconds(seconds);
    }

    static SandboxInfo info(Sandbox sandbox) {
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
                spec.snapshot().map(SnapshotId::value),
                sandbox.state().wireName(),
                sandbox.createdAt(),
                sandbox.lastActiveAt(),
                sandbox.expiresAt(),
                List.of());
    }
}
