package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.Micros;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Makes sandboxes with the files of another one as they are now. What they have in common is on
/// the host once; from then on they know nothing of each other.
final class Forks {
    static final int AT_ONCE_MAX = 32;

    private final SandboxBirths births;
    private final SandboxLifecycle lifecycle;
    private final Snapshots snapshots;
    private final SandboxSettings settings;
    private final ExecutionLimits limits;
    private final InstantSource clock;

    Forks(
            SandboxBirths births,
            SandboxLifecycle lifecycle,
            Snapshots snapshots,
            SandboxSettings settings,
            ExecutionLimits limits,
            InstantSource clock) {
        this.births = births;
        this.lifecycle = lifecycle;
        this.snapshots = snapshots;
        this.settings = settings;
        this.limits = limits;
        this.clock = clock;
    }

    /// All of them or none. The copy between is nobody's: after a crash it is one that nobody
    /// knows.
    List<Sandbox> fork(
            LiveSandbox source, int count, Optional<String> name, Map<String, String> metadata) {
        check(count, name, metadata);
        SnapshotId base = SnapshotId.next();
        source.exclusively(() -> {
            lifecycle.requireUsable(source);
            return lifecycle.save(source, base);
        });
        try {
            return create(rows(source, count, name, metadata), base);
        } finally {
            snapshots.discard(base);
        }
    }

    private static void check(int count, Optional<String> name, Map<String, String> metadata) {
        if (count < 1 || count > AT_ONCE_MAX) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "count",
                    "count must be from 1 to %d, not %d".formatted(AT_ONCE_MAX, count));
        }
        SandboxRules.checkLabels(name, metadata);
    }

    private List<SandboxRow> rows(
            LiveSandbox source, int count, Optional<String> name, Map<String, String> metadata) {
        SandboxSpec spec = source.spec().forFork(name, metadata);
        Instant now = Micros.toInstant(Micros.of(clock.instant()));
        List<SandboxRow> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rows.add(SandboxRow.fresh(SandboxId.next(), source.project(), spec, now));
        }
        return rows;
    }

    private List<Sandbox> create(List<SandboxRow> rows, SnapshotId base) {
        List<LiveSandbox> made =
                rows.stream().map(row -> new LiveSandbox(row, settings, limits)).toList();
        births.createAll(rows, made, base);
        return made.stream().map(LiveSandbox::snapshot).toList();
    }
}
