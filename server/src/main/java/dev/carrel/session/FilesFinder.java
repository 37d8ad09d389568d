package dev.carrel.session;

import dev.carrel.agent.FilesThen;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.sandbox.SessionSnapshots;
import dev.carrel.sandbox.SnapshotId;
import dev.carrel.session.FilePoints.Point;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/// Finds the files that a session had at an entry of its journal, if they are kept.
final class FilesFinder {
    private static final Duration KEEPING_MAX = Duration.ofSeconds(5);
    private static final Duration KEEPING_POLL = Duration.ofMillis(5);

    private final Store store;
    private final SessionSnapshots snapshots;
    private final SessionFiles files;

    FilesFinder(Store store, Sandboxes sandboxes, SessionFiles files) {
        this.store = store;
        this.snapshots = sandboxes.sessionSnapshots();
        this.files = files;
    }

    /// Never [FilesThen.Left]: fails with `CONFLICT` when they are not kept, and then says what
    /// else its caller can do `instead`. Waits for files that are being kept now.
    FilesThen at(SessionKey key, long seq, String instead) {
        awaitKeeping(key, seq, instead);
        Optional<Point> point = store.read(handle -> FilePoints.at(handle, key.id(), seq));
        FilesThen then = point.map(Point::files).orElseGet(() -> beforeAll(key, seq));
        if (!isThere(key.project(), then)) {
            throw notKept(key, seq, instead);
        }
        return then;
    }

    private void awaitKeeping(SessionKey key, long seq, String instead) {
        long deadline = System.nanoTime() + KEEPING_MAX.toNanos();
        while (snapshots.areCheap()
                && store.read(handle -> FilePoints.areBeingKept(handle, key.id(), seq))) {
            if (System.nanoTime() > deadline || Thread.currentThread().isInterrupted()) {
                throw new CarrelException(
                        ErrorCode.CONFLICT,
                        "the files of session "
                                + key.id()
                                + " at entry "
                                + seq
                                + " are not kept yet, since a call has ended just now: try again"
                                + instead);
            }
            LockSupport.parkNanos(KEEPING_POLL.toNanos());
        }
    }

    private boolean isThere(ProjectId project, FilesThen then) {
        return switch (then) {
            case FilesThen.Restored restored ->
                    snapshots.find(project, new SnapshotId(restored.snapshot())).isPresent();
            case FilesThen.None _ -> true;
            case FilesThen.Left _ -> false;
        };
    }

    /// Before the first files were kept, there are none if no call can have made any, in a sandbox
    /// that is the session's own.
    private FilesThen beforeAll(SessionKey key, long seq) {
        Optional<SandboxId> sandbox =
                store.read(handle -> FilesRows.require(handle, key)).sandbox();
        boolean none =
                sandbox.isEmpty()
                        || (files.isOwn(key, sandbox.get())
                                && store.read(handle -> !hasResults(handle, key.id(), seq)));
        return none ? new FilesThen.None() : new FilesThen.Left();
    }

    private static boolean hasResults(Handle handle, SessionId session, long seq) {
        return handle.createQuery(
                                """
                                select count(*) from events
                                where session = :session and seq <= :seq and type = :ended
                                """)
                        .bind("session", session.value())
                        .bind("seq", seq)
                        .bind("ended", EventBody.TOOL_COMPLETED)
                        .mapTo(Long.class)
                        .one()
                > 0;
    }

    private CarrelException notKept(SessionKey key, long seq, String instead) {
        if (!snapshots.areCheap()) {
            return new CarrelException(
                    ErrorCode.NOT_SUPPORTED,
                    "this host keeps no files of sessions, because its disks are plain folders"
                            + " and each snapshot would copy them"
                            + instead);
        }
        List<Point> kept =
                store.read(handle -> FilePoints.all(handle, key.id())).stream()
                        .filter(point -> isThere(key.project(), point.files()))
                        .toList();
        Optional<Long> before =
                kept.stream().map(Point::since).filter(since -> since < seq).max(Long::compare);
        Optional<Long> after =
                kept.stream().map(Point::since).filter(since -> since > seq).min(Long::compare);
        String nearest =
                Stream.of(before, after)
                        .flatMap(Optional::stream)
                        .map(String::valueOf)
                        .collect(Collectors.joining(" and "));
        return new CarrelException(
                ErrorCode.CONFLICT,
                "the files of session "
                        + key.id()
                        + " at entry "
                        + seq
                        + " are not kept"
                        + (nearest.isEmpty()
                                ? ", nor are those of any other entry"
                                : "; the nearest entries with files are " + nearest)
                        + instead);
    }

    /// Keeps what was found from being removed until this is closed. Fails with `CONFLICT` when it
    /// has been by now.
    SessionSnapshots.Held hold(ProjectId project, FilesThen then) {
        Optional<SnapshotId> id = FilePoints.snapshot(then);
        if (id.isEmpty()) {
            return () -> {};
        }
        SessionSnapshots.Held held = snapshots.hold(id.get());
        if (snapshots.find(project, id.get()).isEmpty()) {
            held.close();
            throw new CarrelException(
                    ErrorCode.CONFLICT, "the files were removed just now: choose another entry");
        }
        return held;
    }
}
