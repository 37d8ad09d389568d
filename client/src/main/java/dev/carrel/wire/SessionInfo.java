package dev.carrel.wire;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/// A session as it was when it was looked up. `state` is `idle`, `queued`, `running` or `failed`;
/// `last_event` the sequence number of its newest journal entry.
public record SessionInfo(
        String id,
        String agent,
        Optional<String> user,
        Map<String, String> metadata,
        String state,
        Optional<String> sandbox,
        UsageInfo usage,
        long lastEvent,
        Instant createdAt,
        Instant updatedAt) {
    public SessionInfo {
        metadata = Map.copyOf(metadata);
    }
}
