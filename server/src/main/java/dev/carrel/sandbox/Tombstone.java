package dev.carrel.sandbox;

import dev.carrel.store.ProjectId;
import java.time.Instant;
import java.util.Optional;

/// What is left of a deleted sandbox: that there was one, and why it is gone. Its spec is without
/// what might be secret.
record Tombstone(
        SandboxId id,
        ProjectId project,
        SandboxSpec spec,
        String reason,
        Instant createdAt,
        Instant lastActiveAt,
        Instant deletedAt) {
    static Tombstone of(LiveSandbox live, DeletionReason why, Instant now) {
        return new Tombstone(
                live.id(),
                live.project(),
                live.spec().withoutSecrets(),
                why.text(),
                live.createdAt(),
                live.activity().lastAt(),
                now);
    }

    Sandbox snapshot() {
        return new Sandbox(
                id,
                project,
                spec,
                spec.idle().orElse(IdleRules.DEFAULT),
                SandboxState.DELETED,
                Optional.of(reason),
                SavedMemory.NONE,
                createdAt,
                lastActiveAt,
                Optional.empty(),
                Optional.of(deletedAt));
    }
}
