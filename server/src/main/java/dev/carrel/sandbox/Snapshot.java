package dev.carrel.sandbox;

import dev.carrel.store.ProjectId;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/// The files of a sandbox as they were at one moment; they never change. `image` is the one that
/// its disk is based on. `sizeBytes` is what the sandbox itself had written and still had, as its
/// disk's limit counts it.
public record Snapshot(
        SnapshotId id,
        ProjectId project,
        SandboxId sandbox,
        Optional<String> name,
        String image,
        Map<String, String> metadata,
        long sizeBytes,
        Instant createdAt) {
    public Snapshot {
        metadata = Map.copyOf(metadata);
    }
}
