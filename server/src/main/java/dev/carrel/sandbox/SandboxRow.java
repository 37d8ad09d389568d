package dev.carrel.sandbox;

import dev.carrel.store.ProjectId;
import java.time.Instant;
import java.util.Optional;

/// A sandbox as the database has it. `pending` says that the host may not agree with the spec yet.
record SandboxRow(
        SandboxId id,
        Optional<ProjectId> project,
        SandboxSpec spec,
        State state,
        boolean pending,
        Optional<WhyStopped> whyStopped,
        Instant createdAt,
        Instant ttlFrom,
        Instant lastActiveAt) {
    /// What is promised: in all but `READY` that it will be gone if nobody finishes.
    enum State {
        CREATING,
        /// Belongs to nobody yet.
        WARM,
        READY,
        DELETING
    }

    /// Of one that is about to be made.
    static SandboxRow fresh(SandboxId id, ProjectId project, SandboxSpec spec, Instant now) {
        return fresh(id, Optional.of(project), spec, now);
    }

    /// Of one that is about to be made for nobody yet.
    static SandboxRow warm(SandboxId id, SandboxSpec spec, Instant now) {
        return fresh(id, Optional.empty(), spec, now);
    }

    private static SandboxRow fresh(
            SandboxId id, Optional<ProjectId> project, SandboxSpec spec, Instant now) {
        return new SandboxRow(
                id, project, spec, State.CREATING, false, Optional.empty(), now, now, now);
    }

    /// The same one when it was made.
    SandboxRow ready() {
        return new SandboxRow(
                id,
                project,
                spec,
                State.READY,
                pending,
                whyStopped,
                createdAt,
                ttlFrom,
                lastActiveAt);
    }
}
