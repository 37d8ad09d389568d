package dev.carrel.session;

import dev.carrel.agent.FilesThen;
import dev.carrel.agent.WorkspaceSettings;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.DeletionReason;
import dev.carrel.sandbox.Sandbox;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.sandbox.SessionSnapshots;
import dev.carrel.sandbox.SessionSnapshots.Saved;
import dev.carrel.sandbox.SnapshotId;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// The sandboxes of sessions: each gets its own at the first use and keeps it, or the one that it
/// shares with others, which stays when sessions go. A sandbox that was deleted is not replaced:
/// its files are gone, and an agent that goes on in an empty one would not know.
///
/// What a session's files have to become, after it was rewound or forked, is written down first and
/// done then, at the latest before the files are used: so a crash in between does no harm. Any
/// thread may call it, several at once for one session too.
public final class SessionFiles {
    /// So seldom is it looked whether all sessions together have too many snapshots.
    private static final int SAVES_BETWEEN_ROUNDS = 64;

    private final AtomicLong saves = new AtomicLong();
    private final Sessions sessions;
    private final Sandboxes sandboxes;
    private final SessionSnapshots snapshots;
    private final Store store;

    public SessionFiles(Sessions sessions, Sandboxes sandboxes) {
        this.sessions = sessions;
        this.sandboxes = sandboxes;
        this.snapshots = sandboxes.sessionSnapshots();
        this.store = sessions.store();
    }

    /// The session's sandbox with the files that it has to have: made, or put back, if need be.
    /// Fails as [Sandboxes#create] does, and with `SANDBOX_NOT_FOUND` when it was deleted.
    public SandboxId ready(ProjectId project, SessionId id, WorkspaceSettings settings) {
        return ready(new SessionKey(project, id), () -> spec(settings));
    }

    /// What the session's sandbox is made from, if it has to be made.
    Supplier<SandboxSpec> spec(Session session) {
        return () ->
                spec(sessions.deployments().agent(session.project(), session.agent()).workspace());
    }

    private SandboxSpec spec(WorkspaceSettings settings) {
        return WorkspaceSpecs.of(settings, sandboxes.isolationByDefault());
    }

    /// Does at once what the session's files have to become.
    void settle(SessionKey key, Supplier<SandboxSpec> spec) {
        FilesRows.Row row = store.read(handle -> FilesRows.require(handle, key));
        switch (row.pending()) {
            case FilesThen.Left _ -> {}
            case FilesThen.None _ -> row.sandbox().ifPresent(id -> drop(key, id));
            case FilesThen.Restored _ -> ready(key, spec);
        }
    }

    SandboxId ready(SessionKey key, Supplier<SandboxSpec> spec) {
        FilesRows.Row row = store.read(handle -> FilesRows.require(handle, key));
        return switch (row.pending()) {
            case FilesThen.Left _ ->
                    row.sandbox()
                            .map(id -> present(key, id))
                            .orElseGet(() -> make(key, row.workspace(), spec));
            case FilesThen.None _ -> {
                row.sandbox().ifPresent(id -> drop(key, id));
                yield make(key, row.workspace(), spec);
            }
            case FilesThen.Restored restored ->
                    restore(key, row.sandbox(), new SnapshotId(restored.snapshot()), spec);
        };
    }

    private SandboxId present(SessionKey key, SandboxId id) {
        return Optional.of(id)
                .filter(there -> specOf(key.project(), there).isPresent())
                .orElseThrow(() ->
                        new CarrelException(
                                ErrorCode.SANDBOX_NOT_FOUND,
                                "sandbox "
                                        + id
                                        + " of this session was deleted, and its files with it: no"
                                        + " tool that needs it can run; start a new session, or go"
                                        + " back to an entry whose files are kept"));
    }

    /// A shared sandbox is the one user's, or nobody's.
    private SandboxId make(
            SessionKey key, Optional<SharedWorkspace> shared, Supplier<SandboxSpec> spec) {
        Session session = sessions.get(key.project(), key.id());
        boolean ofUser = shared.isEmpty() || shared.get().isOfUser();
        String owner = shared.map(SharedWorkspace::name).orElseGet(() -> owner(key));
        SandboxSpec own =
                spec.get().toBuilder()
                        .user(ofUser ? session.user() : Optional.empty())
                        .build()
                        .withOwner(owner);
        return bind(key, sandboxes.createForOwner(key.project(), own));
    }

    private SandboxId restore(
            SessionKey key,
            Optional<SandboxId> bound,
            SnapshotId files,
            Supplier<SandboxSpec> spec) {
        Optional<SandboxId> there = bound.filter(id -> specOf(key.project(), id).isPresent());
        if (there.isPresent()) {
            snapshots.restore(
                    key.project(),
                    there.get(),
                    files,
                    () -> isPending(key, files),
                    () -> store.write(handle -> FilesRows.settled(handle, key, files)));
            return there.get();
        }
        bound.ifPresent(id -> store.write(handle -> FilesRows.unbind(handle, key, id)));
        Session session = sessions.get(key.project(), key.id());
        SandboxSpec own = spec.get().toBuilder().user(session.user()).build();
        return bind(key, snapshots.create(key.project(), own, owner(key), files));
    }

    private boolean isPending(SessionKey key, SnapshotId files) {
        FilesThen pending = store.read(handle -> FilesRows.require(handle, key)).pending();
        return pending.equals(new FilesThen.Restored(files.value()));
    }

    /// Another call may have bound the same sandbox. But a session that was deleted meanwhile
    /// leaves its own sandbox to nobody.
    private SandboxId bind(SessionKey key, Sandbox made) {
        if (!sessions.bindSandbox(key.project(), key.id(), made.id())) {
            try {
                sessions.get(key.project(), key.id());
            } catch (CarrelException e) {
                if (isOwn(key, made.id())) {
                    delete(key, made.id());
                }
                throw e;
            }
        }
        return made.id();
    }

    /// Removes the session's sandbox, so that it has none.
    private void drop(SessionKey key, SandboxId id) {
        if (specOf(key.project(), id).isPresent()) {
            delete(key, id);
        }
        store.write(handle -> FilesRows.unbind(handle, key, id));
    }

    private void delete(SessionKey key, SandboxId id) {
        try {
            sandboxes.delete(key.project(), id, DeletionReason.withOwner(owner(key)));
        } catch (CarrelException e) {
            if (e.code() != ErrorCode.SANDBOX_NOT_FOUND) {
                throw e; // another call was faster
            }
        }
    }

    private static String owner(SessionKey key) {
        return key.id().value();
    }

    /// Fails with `CONFLICT` when others work with these files, too.
    void requireNotShared(SessionKey key) {
        FilesRows.Row row = store.read(handle -> FilesRows.require(handle, key));
        boolean others =
                row.sandbox()
                        .flatMap(id -> specOf(key.project(), id))
                        .filter(spec -> !spec.owner().equals(Optional.of(owner(key))))
                        .isPresent();
        if (others || row.workspace().isPresent()) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "session "
                            + key.id()
                            + " has no sandbox of its own, and whoever else works in it would lose"
                            + " their files: fork it, which gives the fork a sandbox of its own, or leave the files"
                            + " as they are with \"files\": \"none\" (--without-files)");
        }
    }

    /// Keeps the files as they are, and no more of earlier ones than is of use. Fails with
    /// `SESSION_NOT_FOUND` when the session was deleted meanwhile; then nothing is kept.
    SnapshotId save(SessionKey key, SandboxId sandbox) {
        String session = key.id().value();
        Saved saved = snapshots.save(key.project(), sandbox, session);
        var surplus = new HashSet<>(SnapshotThinning.surplus(snapshots.of(session), saved.tight()));
        surplus.addAll(SnapshotThinning.surplus(snapshots.of(sandbox), saved.tight()));
        if (saves.incrementAndGet() % SAVES_BETWEEN_ROUNDS == 0) {
            surplus.addAll(snapshots.surplus());
        }
        snapshots.discard(surplus, this::isUsed);
        requirePresent(key);
        return saved.id();
    }

    private void requirePresent(SessionKey key) {
        try {
            store.read(handle -> FilesRows.require(handle, key));
        } catch (CarrelException e) {
            discard(key.id().value());
            throw e;
        }
    }

    /// Deletes a session with its sandbox, if that is its own, and with the files that it could
    /// have gone back to, unless others still can: forks of it, its original, other forks of that.
    /// Fails with `SESSION_NOT_FOUND`.
    public void deleteSession(ProjectId project, SessionId id) {
        var key = new SessionKey(project, id);
        Session session = sessions.get(project, id);
        passOn(key);
        sessions.delete(project, id);
        forget(key, session);
    }

    /// Before the deletion, so that a crash in between takes nothing away.
    private void passOn(SessionKey key) {
        var left = new HashSet<SnapshotId>();
        snapshots.of(key.id().value()).forEach(snapshot -> left.add(snapshot.id()));
        for (SessionId heir : store.read(handle -> Lineage.relatives(handle, key.id()))) {
            if (left.isEmpty()) {
                return;
            }
            Set<SnapshotId> wanted =
                    store.read(handle -> FilePoints.all(handle, heir)).stream()
                            .flatMap(point -> FilePoints.snapshot(point.files()).stream())
                            .filter(left::contains)
                            .collect(Collectors.toSet());
            snapshots.give(wanted, heir.value());
            left.removeAll(wanted);
        }
    }

    private void forget(SessionKey key, Session session) {
        session.sandbox().filter(id -> isOwn(key, id)).ifPresent(id -> delete(key, id));
        discard(key.id().value());
    }

    boolean isOwn(SessionKey key, SandboxId id) {
        return specOf(key.project(), id)
                .flatMap(SandboxSpec::owner)
                .equals(Optional.of(owner(key)));
    }

    /// Empty when the sandbox is gone.
    Optional<SandboxSpec> specOf(ProjectId project, SandboxId id) {
        try {
            return Optional.of(sandboxes.get(project, id).spec());
        } catch (CarrelException e) {
            if (e.code() != ErrorCode.SANDBOX_NOT_FOUND) {
                throw e;
            }
            return Optional.empty();
        }
    }

    void discard(String session) {
        snapshots.discard(snapshots.of(session).stream().map(s -> s.id()).toList(), this::isUsed);
    }

    boolean isUsed(SnapshotId id) {
        return store.read(handle -> FilesRows.isPending(handle, id));
    }
}
