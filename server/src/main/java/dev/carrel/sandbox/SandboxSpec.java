package dev.carrel.sandbox;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// What a caller asks for. `ttl` counts from the creation; without it the sandbox stays until it is
/// deleted. `owner` names what the sandbox was made for (`ses_…`); there is at most one sandbox for
/// an owner. With a `snapshot` it starts with that one's files instead of those of the image.
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
                Optional.empty());
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
                Optional.empty(),
                Optional.empty());
    }
}
