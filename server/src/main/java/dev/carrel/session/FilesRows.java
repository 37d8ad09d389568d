package dev.carrel.session;

import dev.carrel.agent.FilesThen;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SnapshotId;
import dev.carrel.store.ProjectId;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// What the rows of sessions say of their files. Everything here runs inside its caller's
/// transaction.
final class FilesRows {
    private static final String EMPTY = "empty";

    /// `pending` is what the files have to become before they are used next.
    record Row(
            Optional<SandboxId> sandbox, FilesThen pending, Optional<SharedWorkspace> workspace) {}

    private FilesRows() {}

    /// Fails with `SESSION_NOT_FOUND`.
    static Row require(Handle handle, SessionKey key) {
        return handle.createQuery(
                        """
                        select sandbox, pending_files, workspace from sessions
                        where id = :id and project = :project
                        """)
                .bind("id", key.id().value())
                .bind("project", key.project().value())
                .map((row, context) ->
                        new Row(
                                Optional.ofNullable(row.getString("sandbox")).map(SandboxId::new),
                                pending(Optional.ofNullable(row.getString("pending_files"))),
                                Optional.ofNullable(row.getString("workspace"))
                                        .map(SharedWorkspace::new)))
                .findOne()
                .orElseThrow(key::notFound);
    }

    private static FilesThen pending(Optional<String> text) {
        return text.<FilesThen>map(value ->
                        value.equals(EMPTY) ? new FilesThen.None() : new FilesThen.Restored(value))
                .orElseGet(FilesThen.Left::new);
    }

    static void setPending(Handle handle, SessionKey key, FilesThen files) {
        String text =
                switch (files) {
                    case FilesThen.Restored restored -> restored.snapshot();
                    case FilesThen.None _ -> EMPTY;
                    case FilesThen.Left _ -> null;
                };
        if (text != null) {
            handle.execute(
                    "update sessions set pending_files = ? where id = ?", text, key.id().value());
        }
    }

    /// The files are what they had to become, if that is still `snapshot`.
    static int settled(Handle handle, SessionKey key, SnapshotId snapshot) {
        return handle.execute(
                "update sessions set pending_files = null where id = ? and pending_files = ?",
                key.id().value(),
                snapshot.value());
    }

    /// Forgets a sandbox that is gone.
    static int unbind(Handle handle, SessionKey key, SandboxId sandbox) {
        return handle.execute(
                "update sessions set sandbox = null where id = ? and sandbox = ?",
                key.id().value(),
                sandbox.value());
    }

    /// The sessions whose files have to become something.
    static List<SessionKey> pending(Handle handle) {
        return handle.createQuery(
                        "select project, id from sessions where pending_files is not null")
                .map((row, context) ->
                        new SessionKey(
                                new ProjectId(row.getString("project")),
                                new SessionId(row.getString("id"))))
                .list();
    }

    /// Whether a session still has to get these files.
    static boolean isPending(Handle handle, SnapshotId snapshot) {
        return handle.createQuery("select count(*) from sessions where pending_files = ?")
                        .bind(0, snapshot.value())
                        .mapTo(Long.class)
                        .one()
                > 0;
    }
}
