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
    public static final Duration TTL_MAX = Duration.ofDays(365);

    public SandboxSpec {
        env = Map.copyOf(env);
        metadata = Map.copyOf(metadata);
    }

    /// The default image and limits, network on.
    public static SandboxSpec defaults() {
        return new Builder().build();
    }

    /// One like this, but for what is set anew.
    public Builder toBuilder() {
        return new Builder(this);
    }

    public SandboxSpec withImage(String newImage) {
        return toBuilder().image(newImage).build();
    }

    public SandboxSpec withOwner(String newOwner) {
        return toBuilder().owner(Optional.of(newOwner)).build();
    }

    /// Made from a snapshot, with the image that it is based on.
    public SandboxSpec from(SnapshotId source, String itsImage) {
        return toBuilder().image(itsImage).snapshot(Optional.of(source)).build();
    }

    /// Of another sandbox like this one, which belongs to nobody yet.
    public SandboxSpec forFork(Optional<String> newName, Map<String, String> moreMetadata) {
        var all = new HashMap<>(metadata);
        all.putAll(moreMetadata);
        return toBuilder()
                .name(newName)
                .metadata(all)
                .owner(Optional.empty())
                .snapshot(Optional.empty())
                .build();
    }

    /// Of another kind.
    SandboxSpec with(String newImage, Isolation newIsolation) {
        return toBuilder().image(newImage).isolation(newIsolation).build();
    }

    public SandboxSpec withIdle(IdleRules newIdle) {
        return toBuilder().idle(Optional.of(newIdle)).build();
    }

    /// What may be told of it when it is gone.
    SandboxSpec withoutSecrets() {
        var rules =
                new NetworkPolicy(network.internet(), network.allow(), network.deny(), List.of());
        return toBuilder().network(rules).env(Map.of()).build();
    }

    /// A spec under way: what is not set is as it was, or as by default.
    public static final class Builder {
        private Optional<String> name = Optional.empty();
        private String image = DEFAULT_IMAGE;
        private Isolation isolation = Isolation.CONTAINER;
        private Resources resources = Resources.DEFAULT;
        private NetworkPolicy network = NetworkPolicy.ON;
        private Map<String, String> env = Map.of();
        private Map<String, String> metadata = Map.of();
        private Optional<String> user = Optional.empty();
        private Optional<Duration> ttl = Optional.empty();
        private Optional<IdleRules> idle = Optional.empty();
        private Optional<String> owner = Optional.empty();
        private Optional<SnapshotId> snapshot = Optional.empty();

        private Builder() {}

        private Builder(SandboxSpec spec) {
            name = spec.name;
            image = spec.image;
            isolation = spec.isolation;
            resources = spec.resources;
            network = spec.network;
            env = spec.env;
            metadata = spec.metadata;
            user = spec.user;
            ttl = spec.ttl;
            idle = spec.idle;
            owner = spec.owner;
            snapshot = spec.snapshot;
        }

        public Builder name(Optional<String> newName) {
            name = newName;
            return this;
        }

        public Builder image(String newImage) {
            image = newImage;
            return this;
        }

        public Builder isolation(Isolation newIsolation) {
            isolation = newIsolation;
            return this;
        }

        public Builder resources(Resources newResources) {
            resources = newResources;
            return this;
        }

        public Builder network(NetworkPolicy newNetwork) {
            network = newNetwork;
            return this;
        }

        public Builder env(Map<String, String> newEnv) {
            env = newEnv;
            return this;
        }

        public Builder metadata(Map<String, String> newMetadata) {
            metadata = newMetadata;
            return this;
        }

        public Builder user(Optional<String> newUser) {
            user = newUser;
            return this;
        }

        public Builder ttl(Optional<Duration> newTtl) {
            ttl = newTtl;
            return this;
        }

        public Builder idle(Optional<IdleRules> newIdle) {
            idle = newIdle;
            return this;
        }

        public Builder owner(Optional<String> newOwner) {
            owner = newOwner;
            return this;
        }

        public Builder snapshot(Optional<SnapshotId> newSnapshot) {
            snapshot = newSnapshot;
            return this;
        }

        public SandboxSpec build() {
            return new SandboxSpec(
                    name, image, isolation, resources, network, env, metadata, user, ttl, idle,
                    owner, snapshot);
        }
    }
}
