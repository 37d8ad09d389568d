package dev.carrel.wire;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// A command in a list, without its output. `command` is the program and its arguments.
public record ExecutionSummary(
        String id,
        String status,
        Optional<Integer> exitCode,
        List<String> command,
        String cwd,
        Optional<String> user,
        boolean terminal,
        Instant startedAt,
        long durationMs) {
    public ExecutionSummary {
        command = List.copyOf(command);
    }
}
