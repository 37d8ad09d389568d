package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;
import java.util.Optional;

/// A sandbox to make. Every field is optional.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record SandboxRequest(
        Optional<String> name,
        Optional<String> image,
        Optional<ResourceLimits> resources,
        Optional<String> isolation,
        Optional<NetworkRules> network,
        Map<String, String> env,
        Map<String, String> metadata,
        Optional<String> user,
        Optional<Long> ttlSeconds,
        Optional<IdleRules> idle,
        Optional<String> snapshot) {
    public SandboxRequest {
        env = Map.copyOf(env);
        metadata = Map.copyOf(metadata);
    }

    /// A sandbox as the server makes it when nobody says more.
    public static SandboxRequest defaults() {
        return builder().build();
    }

    public static Builder builder() {
        return new Builder();
    }

    /// Collects fields; used by one thread.
    public static final class Builder {
        private Optional<String> name = Optional.empty();
        private Optional<String> image = Optional.empty();
        private Optional<ResourceLimits> resources = Optional.empty();
        private Optional<NetworkRules> network = Optional.empty();
        private Map<String, String> env = Map.of();
        private Map<String, String> metadata = Map.of();
        private Optional<String> user = Optional.empty();
        private Optional<Long> ttlSeconds = Optional.empty();
        private Optional<String> isolation = Optional.empty();
        private Optional<IdleRules> idle = Optional.empty();
        private Optional<String> snapshot = Optional.empty();

        private Builder() {}

        public Builder name(String value) {
            name = Optional.of(value);
            return this;
        }

        public Builder image(String value) {
            image = Optional.of(value);
            return this;
        }

        public Builder resources(ResourceLimits value) {
            resources = Optional.of(value);
            return this;
        }

        /// `container` or `gvisor`.
        public Builder isolation(String value) {
            isolation = Optional.of(value);
            return this;
        }

        public Builder network(NetworkRules value) {
            network = Optional.of(value);
            return this;
        }

        public Builder env(Map<String, String> value) {
            env = value;
            return this;
        }

        public Builder metadata(Map<String, String> value) {
            metadata = value;
            return this;
        }

        public Builder user(String value) {
            user = Optional.of(value);
            return this;
        }

        public Builder ttlSeconds(long value) {
            ttlSeconds = Optional.of(value);
            return this;
        }

        /// Start with the files of this snapshot, on the image that it is based on.
        public Builder snapshot(String value) {
            snapshot = Optional.of(value);
            return this;
        }

        public Builder idle(IdleRules value) {
            idle = Optional.of(value);
            return this;
        }

        public SandboxRequest build() {
            return new SandboxRequest(
                    name,
                    image,
                    resources,
                    isolation,
                    network,
                    env,
                    metadata,
                    user,
                    ttlSeconds,
                    idle,
                    snapshot);
        }
    }
}
