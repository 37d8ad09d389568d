package dev.carrel.sandbox;

import java.time.Duration;
import java.time.Instant;
import java.util.OptionalInt;

/// An execution as it stands: final unless the status is `RUNNING`. The exit code is 128 + signal
/// for a command that a signal ended, and absent while it runs or when nobody saw it end. Output
/// bytes that are not UTF-8 become U+FFFD. `truncated` says that output beyond the limit was
/// dropped. `start` is where the outputs here begin, `next` where they go on after them.
public record ExecutionResult(
        ExecutionId id,
        ExecutionStatus status,
        OptionalInt exitCode,
        String stdout,
        String stderr,
        boolean truncated,
        Instant startedAt,
        Duration duration,
        OutputPlace start,
        OutputPlace next) {}
