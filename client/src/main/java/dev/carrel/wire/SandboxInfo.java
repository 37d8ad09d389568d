package dev.carrel.wire;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A sandbox as it was when it was looked up; `snapshot` is the one that it was made from. `state`
/// is `creating`, `running`, `paused` or `stopped`.
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
        Optional<String> snapshot,
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
