package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;
import java.util.Optional;

/// What to change about a sandbox. A field that is absent leaves things as they are; one that is
/// `null` takes what was set away. `metadata` and `env` are replaced as a whole; in `resources` and
/// `idle` only what is given changes. `ttl_seconds` counts from now. New variables are there for
/// commands that start from now on.
@JsonInclude(JsonInclude.Include.NON_ABSENT)
public record SandboxChange(
        Optional<String> name,
        Optional<Map<String, String>> metadata,
        Optional<Map<String, String>> env,
        Optional<Long> ttlSeconds,
        Optional<IdleRules> idle,
        Optional<NetworkRules> network,
        Optional<ResourceLimits> resources) {
    public SandboxChange {
        metadata.ifPresent(pairs -> refuseNull("metadata", pairs));
        env.ifPresent(pairs -> refuseNull("env", pairs));
    }

    private static void refuseNull(String field, Map<String, String> pairs) {
        pairs.forEach((key, value) -> {
            if (value == null) {
                throw new IllegalArgumentException(
                        "%s.%s must not be null: %s is replaced as a whole, so leave the key out"
                                .formatted(field, key, field));
            }
        });
    }

    /// Nothing to change yet.
    public static final SandboxChange NONE =
            new SandboxChange(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty());

    public SandboxChange withName(String value) {
        return new SandboxChange(
                Optional.of(value), metadata, env, ttlSeconds, idle, network, resources);
    }

    public SandboxChange withMetadata(Map<String, String> value) {
        return new SandboxChange(
                name, Optional.of(Map.copyOf(value)), env, ttlSeconds, idle, network, resources);
    }

    public SandboxChange withEnv(Map<String, String> value) {
        return new SandboxChange(
                name,
                metadata,
                Optional.of(Map.copyOf(value)),
                ttlSeconds,
                idle,
                network,
                resources);
    }

    public SandboxChange withTtlSeconds(long value) {
        return new SandboxChange(name, metadata, env, Optional.of(value), idle, network, resources);
    }

    public SandboxChange withIdle(IdleRules value) {
        return new SandboxChange(
                name, metadata, env, ttlSeconds, Optional.of(value), network, resources);
    }

    public SandboxChange withNetwork(NetworkRules value) {
        return new SandboxChange(
                name, metadata, env, ttlSeconds, idle, Optional.of(value), resources);
    }

    public SandboxChange withResources(ResourceLimits value) {
        return new SandboxChange(
                name, metadata, env, ttlSeconds, idle, network, Optional.of(value));
    }
}
