package dev.carrel.session;

import dev.carrel.sandbox.SessionSnapshot;
import dev.carrel.sandbox.SnapshotId;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Which of a session's snapshots are kept: the newest, and of older ones the newest of each hour.
/// Where they and the files take more than half of the sandbox's disk, the newest few.
final class SnapshotThinning {
    static final int NEWEST = 64;
    static final int KEPT_MAX = 128;
    static final int TIGHT_MAX = 2;

    /// So many more may gather before any go, since to remove them costs a little.
    static final int SLACK = 16;

    private SnapshotThinning() {}

    /// Those to remove; `newestFirst` are all of a session.
    static List<SnapshotId> surplus(List<SessionSnapshot> newestFirst, boolean tight) {
        if (tight) {
            return ids(newestFirst.stream().skip(TIGHT_MAX).toList());
        }
        if (newestFirst.size() <= NEWEST + SLACK) {
            return List.of();
        }
        var surplus = new ArrayList<SessionSnapshot>();
        Set<Instant> hours = new HashSet<>();
        for (SessionSnapshot old : newestFirst.subList(NEWEST, newestFirst.size())) {
            if (NEWEST + hours.size() == KEPT_MAX
                    || !hours.add(old.createdAt().truncatedTo(ChronoUnit.HOURS))) {
                surplus.add(old);
            }
        }
        return surplus.size() < SLACK && newestFirst.size() <= KEPT_MAX + SLACK
                ? List.of()
                : ids(surplus);
    }

    private static List<SnapshotId> ids(List<SessionSnapshot> snapshots) {
        return snapshots.stream().map(SessionSnapshot::id).toList();
    }
}
