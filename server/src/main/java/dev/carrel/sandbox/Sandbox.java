package dev.carrel.sandbox;

import dev.carrel.store.ProjectId;
import java.time.Instant;
import java.util.Optional;

/// A sandbox as it was when it was looked up. `idle` are the rules in force. `reason` says why it
/// is stopped or deleted. `memory` is what is left of its processes.
public record Sandbox(
        SandboxId id,
        ProjectId project,
        SandboxSpec spec,
        IdleRules idle,
        SandboxState state,
        Optional<String> reason,
        SavedMemory memory,
        Instant createdAt,
        Instant lastActiveAt,
        Optional<Instant> expiresAt,
        Optional<Instant> deletedAt) {}
