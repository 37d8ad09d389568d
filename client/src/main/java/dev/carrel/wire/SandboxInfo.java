package dev.carrel.wire;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A sandbox as it was when it was looked up. `state` is `creating`, `running` or `stopped`.
public record SandboxInfo(
        String id,
        Optional<String> name,
        String image,
        ResourceLimits resources,
        String isolation,
        NetworkRules network,
        Map<String, String> env,
        Map<String, String> metadata,
        Optional<String> user,
        Optional<Long> ttlSeconds,
        String state,
        Instant createdAt,
        Instant lastActiveAt,
        Optional<Instant> expiresAt,
        List<Integer> ports) {
    public SandboxInfo {
        env = Map.copyOf(env);
        metadata = Map.copyOf(metadata);
        ports = List.copyOf(ports);
    }
}
