package dev.carrel.sandbox;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a caller asks for. `ttl` counts from when it was set; without it the sandbox stays until it
/// is deleted. Without `idle` the server's rules hold. `owner` names what the sandbox was made for
/// (`ses_…`); there is at most one sandbox for an owner. With a `snapshot` it starts with that
/// one's files instead of those of the image.
public record SandboxSpec(
        Optional<String> name,
        String image,
        Isolation isolation,
        Resources resources,
        NetworkPolicy network,
        Map<String, String> env,
        Map<String, String> metadata,
        Optional<String> user,
        Optional<Duration> ttl,
        Optional<IdleRules> idle,
        Optional<String> owner,
        Optional<SnapshotId> snapshot) {
    public static final String DEFAULT_IMAGE = "coding";

    public SandboxSpec {
        env = Map.copyOf(env);
        metadata = Map.copyOf(metadata);
    }

    /// The default image and limits, network on.
    public static SandboxSpec defaults() {
        return new SandboxSpec(
                Optional.empty(),
                DEFAULT_IMAGE,
                Isolation.CONTAINER,
                Resources.DEFAULT,
                NetworkPolicy.ON,
                Map.of(),
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    public SandboxSpec withImage(String newImage) {
        return with(newImage, isolation);
    }

    public SandboxSpec withOwner(String newOwner) {
        return new SandboxSpec(
                name,
                image,
                isolation,
                resources,
                network,
                env,
                metadata,
                user,
                ttl,
                idle,
                Optional.of(newOwner),
                snapshot);
    }

    /// Made from a snapshot, with the image that it is based on.
    public SandboxSpec from(SnapshotId source, String itsImage) {
        return new SandboxSpec(
                name,
                itsImage,
                isolation,
                resources,
                network,
                env,
                metadata,
                user,
                ttl,
                idle,
                owner,
                Optional.of(source));
    }

    /// Of another sandbox like this one, which belongs to nobody yet.
    SandboxSpec forFork(Optional<String> newName, Map<String, String> moreMetadata) {
        var all = new HashMap<>(metadata);
        all.putAll(moreMetadata);
        return new SandboxSpec(
                newName,
                image,
                isolation,
                resources,
                network,
                env,
                all,
                user,
                ttl,
                idle,
                Optional.empty(),
                Optional.empty());
    }

    /// Of another kind.
    SandboxSpec with(String newImage, Isolation newIsolation) {
        return new SandboxSpec(
                name,
                newImage,
                newIsolation,
                resources,
                network,
                env,
                metadata,
                user,
                ttl,
                idle,
                owner,
                snapshot);
    }

    public SandboxSpec withIdle(IdleRules newIdle) {
        return new SandboxSpec(
                name,
                image,
                isolation,
                resources,
                network,
                env,
                metadata,
                user,
                ttl,
                Optional.of(newIdle),
                owner,
                snapshot);
    }

    /// What may be told of it when it is gone.
    SandboxSpec withoutSecrets() {
        return new SandboxSpec(
                name,
                image,
                isolation,
                resources,
                new NetworkPolicy(network.internet(), network.allow(), network.deny(), List.of()),
                Map.of(),
                metadata,
                user,
                ttl,
                idle,
                owner,
                snapshot);
    }
}
