package dev.carrel.sandbox;

import dev.carrel.store.ProjectId;
import java.time.Instant;
import java.util.Optional;

/// A sandbox as it was when it was looked up.
public record Sandbox(
        SandboxId id,
        ProjectId project,
        SandboxSpec spec,
        SandboxState state,
        Instant createdAt,
        Instant lastActiveAt,
        Optional<Instant> expiresAt) {}
