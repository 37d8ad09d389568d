package dev.carrel.session;

import dev.carrel.agent.FilesThen;
import dev.carrel.agent.WorkspaceSettings;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.sandbox.SessionSnapshots;
import dev.carrel.sandbox.SnapshotId;
import dev.carrel.session.FileKeeper.Now;
import dev.carrel.store.ProjectId;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Semaphore;

/// What differs between the files of a session at two of its entries. Any thread may call it.
public final class SessionDiffs {
    /// Files, links and directories that are looked at.
    static final int ENTRIES_MAX = 200_000;

    /// On one server: each reads what is on disk, as fast as it can.
    static final int AT_ONCE_MAX = 4;

    private final Semaphore free = new Semaphore(AT_ONCE_MAX);

    private final Sessions sessions;
    private final SessionSnapshots snapshots;
    private final SessionFiles files;
    private final FilesFinder finder;
    private final FileKeeper keeper;

    public SessionDiffs(Sessions sessions, Sandboxes sandboxes, SessionFiles files) {
        this.sessions = sessions;
        this.snapshots = sandboxes.sessionSnapshots();
        this.files = files;
        this.finder = new FilesFinder(sessions.store(), sandboxes, files);
        this.keeper = new FileKeeper(sessions, sandboxes, files);
    }

    /// A unified patch of `files` files. It is not complete when it would have been too long, or
    /// there were too many files to compare.
    public record Diff(String patch, int files, boolean complete) {}

    /// The difference of what is below `path`, an absolute directory, between entry `from` and
    /// entry `to`, or now. Fails with `INVALID_REQUEST` for what is no entry or path, with
    /// `CONFLICT` when files are not kept, with `RATE_LIMITED` when too many are being made.
    public Diff diff(ProjectId project, SessionId id, long from, OptionalLong to, String path) {
        Session session = sessions.get(project, id);
        SessionTravels.requireEntry(session, from, "from");
        to.ifPresent(seq -> SessionTravels.requireEntry(session, seq, "to"));
        requirePath(path);
        if (!free.tryAcquire()) {
            throw new CarrelException(
                    ErrorCode.RATE_LIMITED,
                    AT_ONCE_MAX + " differences are being made, the most at once: try again soon");
        }
        try {
            return diff(new SessionKey(project, id), from, to, path);
        } finally {
            free.release();
        }
    }

    private Diff diff(SessionKey key, long from, OptionalLong to, String path) {
        FilesThen before = finder.at(key, from, "");
        Now after =
                to.isPresent()
                        ? new Now(finder.at(key, to.getAsLong(), ""), false)
                        : keeper.now(key, key.id());
        try (var _ = finder.hold(key.project(), before);
                var _ = finder.hold(key.project(), after.files())) {
            return compare(FilePoints.snapshot(before), FilePoints.snapshot(after.files()), path);
        } finally {
            if (after.taken()) {
                List<SnapshotId> taken = FilePoints.snapshot(after.files()).stream().toList();
                snapshots.discard(taken, files::isUsed);
            }
        }
    }

    private Diff compare(Optional<SnapshotId> before, Optional<SnapshotId> after, String path) {
        var patch = new PatchText(path);
        boolean complete = snapshots.compare(before, after, path, ENTRIES_MAX, patch::add);
        return new Diff(patch.toString(), patch.files(), complete);
    }

    private static void requirePath(String path) {
        boolean plain =
                path.startsWith("/")
                        && path.indexOf('\0') < 0
                        && List.of(path.substring(1).split("/", -1)).stream()
                                .noneMatch(name ->
                                        name.isEmpty() || name.equals("..") || name.equals("."));
        if (!plain && !path.equals("/")) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "path",
                    "path must be the absolute path of a directory, such as "
                            + WorkspaceSettings.DIRECTORY);
        }
    }
}
