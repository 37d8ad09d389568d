package dev.carrel.wire;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/// The saved files of a sandbox, which may be gone. `sizeMb` is what that sandbox itself had
/// written by then, rounded up.
public record SnapshotInfo(
        String id,
        String sandbox,
        Optional<String> name,
        String image,
        Map<String, String> metadata,
        long sizeMb,
        Instant createdAt) {
    public SnapshotInfo {
        metadata = Map.copyOf(metadata);
    }
}
