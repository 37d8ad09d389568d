package dev.carrel.sandbox;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// An execution in a list: what it was and how it stands, without its output. `cwd` and `command`
/// are as asked for.
public record ExecutionSummary(
        ExecutionId id,
        ExecutionStatus status,
        OptionalInt exitCode,
        List<String> command,
        String cwd,
        Optional<String> user,
        boolean terminal,
        Instant startedAt,
        Duration duration) {}
