package dev.carrel.wire;

import java.util.Optional;

/// A command as it stands: final unless `status` is `running`. `truncated` says that output is
/// missing that was beyond the limit. `exit_code` is absent while it runs or when nobody saw it
/// end. `stdout_start` and `stderr_start` are the bytes that the outputs here begin with,
/// `stdout_next` and `stderr_next` those to read them from the next time.
public record ExecutionInfo(
        String id,
        String status,
        Optional<Integer> exitCode,
        String stdout,
        String stderr,
        boolean truncated,
        long durationMs,
        boolean cached,
        long stdoutStart,
        long stderrStart,
        long stdoutNext,
        long stderrNext) {}
