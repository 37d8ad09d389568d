package dev.carrel.sandbox;

import dev.carrel.store.ProjectId;
import java.time.Instant;

/// A sandbox as the database has it.
record SandboxRow(
        SandboxId id,
        ProjectId project,
        SandboxSpec spec,
        State state,
        Instant createdAt,
        Instant lastActiveAt) {
    /// What is promised: in `CREATING` and `DELETING` that it will be gone if nobody finishes.
    enum State {
        CREATING,
        READY,
        DELETING
    }
}
