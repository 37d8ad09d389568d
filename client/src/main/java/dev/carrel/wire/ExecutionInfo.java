package dev.carrel.wire;

import java.util.Optional;

/// A command as it stands: final unless `status` is `running`. `truncated` says that output beyond
/// the limit was dropped. `exit_code` is absent while it runs or when nobody saw it end.
public record ExecutionInfo(
        String id,
        String status,
        Optional<Integer> exitCode,
        String stdout,
        String stderr,
        boolean truncated,
        long durationMs,
        boolean cached) {}
