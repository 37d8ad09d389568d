package dev.carrel.session;

import dev.carrel.agent.Event;
import dev.carrel.agent.FilesThen;
import dev.carrel.agent.WorkspaceSettings;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.sandbox.SessionSnapshots;
import dev.carrel.sandbox.SnapshotId;
import dev.carrel.store.StoreException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps the files of sessions, and not more of them than are of use: while their turns run, unless
/// snapshots copy the files here, and when somebody asks. Any thread may call it.
public final class FileKeeper {
    private static final Logger LOG = LoggerFactory.getLogger(FileKeeper.class);

    private final Sessions sessions;
    private final SessionFiles files;
    private final SessionSnapshots snapshots;

    public FileKeeper(Sessions sessions, Sandboxes sandboxes, SessionFiles files) {
        this.sessions = sessions;
        this.files = files;
        this.snapshots = sandboxes.sessionSnapshots();
    }

    /// As [dev.carrel.agent.Workspace#keepFiles], for the turn of `journal`. A failure is told in
    /// the journal and ends nothing.
    public Optional<Event> keep(
            Lease lease,
            SessionJournal journal,
            WorkspaceSettings settings,
            Optional<String> after) {
        if (!snapshots.areCheap()) {
            return Optional.empty();
        }
        FilesRows.Row row = row(lease.key());
        boolean hasFiles =
                row.pending() instanceof FilesThen.Restored
                        || row.workspace().isPresent()
                        || (row.sandbox().isPresent() && row.pending() instanceof FilesThen.Left);
        if (!hasFiles) {
            return Optional.empty();
        }
        long since = journal.sinceCall(after);
        try {
            SandboxId sandbox = files.ready(lease.project(), lease.session(), settings);
            return Optional.of(
                    new Event.SnapshotTaken(files.save(lease.key(), sandbox).value(), since));
        } catch (CarrelException e) {
            return failed(lease, e, since);
        }
    }

    /// That the sandbox was deleted is for the tools to say.
    private static Optional<Event> failed(Lease lease, CarrelException e, long since) {
        if (Thread.currentThread().isInterrupted() || e instanceof StoreException) {
            throw e; // the worker lets go of the turn, which goes on later
        }
        if (e.code() == ErrorCode.SANDBOX_NOT_FOUND) {
            return Optional.empty();
        }
        LOG.warn("the files of turn {} could not be kept", lease, e);
        return Optional.of(
                new Event.SnapshotFailed(
                        since, new Event.TurnError(e.code().wireName(), e.text())));
    }

    /// The files as they are, and whether they were kept only now.
    record Now(FilesThen files, boolean taken) {}

    /// What is kept now belongs to `owner`.
    Now now(SessionKey key, SessionId owner) {
        FilesRows.Row row = row(key);
        if (!(row.pending() instanceof FilesThen.Left)) {
            return new Now(row.pending(), false);
        } else if (row.sandbox().isEmpty()) {
            return new Now(new FilesThen.None(), false);
        }
        var saved = snapshots.save(key.project(), row.sandbox().get(), owner.value());
        return new Now(new FilesThen.Restored(saved.id().value()), true);
    }

    /// Keeps the files as they are, as those of entry `seq`, for the journal to say; empty where
    /// there is nothing to keep.
    Optional<Event> keepNow(SessionKey key, long seq) {
        FilesRows.Row row = row(key);
        Optional<SandboxId> sandbox =
                row.sandbox().filter(id -> files.specOf(key.project(), id).isPresent());
        if (sandbox.isEmpty() || !(row.pending() instanceof FilesThen.Left)) {
            return Optional.empty();
        }
        SnapshotId saved = files.save(key, sandbox.get());
        return Optional.of(new Event.SnapshotTaken(saved.value(), seq));
    }

    private FilesRows.Row row(SessionKey key) {
        return sessions.store().read(handle -> FilesRows.require(handle, key));
    }
}
