package dev.carrel.session;

import dev.carrel.agent.Event;
import dev.carrel.agent.FilesThen;
import dev.carrel.agent.WorkspaceSettings;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.sandbox.SessionSnapshots;
import dev.carrel.store.StoreException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps the files of sessions while their turns run, and not more of them than are of use. Where
/// snapshots copy the files, none are kept. Any thread may call it.
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
        FilesRows.Row row = sessions.store().read(handle -> FilesRows.require(handle, lease.key()));
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
}
