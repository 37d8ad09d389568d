package dev.carrel.wire;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A sandbox as it was when it was looked up; `snapshot` is the one that it was made from. `state`
/// is `creating`, `running`, `paused`, `stopped` or `deleted`; `reason` says why it is one of the
/// last two. Whether a stopped one's processes go on when it is used says `memorySaved`, and why
/// they do not where they could have, `memoryLost`. `idle` are the rules in force.
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
        IdleRules idle,
        Optional<String> snapshot,
        String state,
        Optional<String> reason,
        boolean memorySaved,
        Optional<String> memoryLost,
        Instant createdAt,
        Instant lastActiveAt,
        Optional<Instant> expiresAt,
        Optional<Instant> deletedAt,
        List<Integer> ports) {
    public SandboxInfo {
        env = Map.copyOf(env);
        metadata = Map.copyOf(metadata);
        ports = List.copyOf(ports);
    }
}
