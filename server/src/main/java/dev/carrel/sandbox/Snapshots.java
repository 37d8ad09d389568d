package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.Cursor;
import dev.carrel.store.Micros;
import dev.carrel.store.Page;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Saved files of sandboxes. A snapshot belongs to a project and not to its sandbox, which may be
/// gone. As with sandboxes, a row is written before anything is made and deleted after everything
/// is gone. Any thread may call it.
public final class Snapshots {
    public static final int PER_PROJECT_MAX = 200;
    public static final int TOTAL_MAX = 2000;

    private static final Logger LOG = LoggerFactory.getLogger(Snapshots.class);

    private final SandboxRuntime runtime;
    private final SnapshotRows rows;
    private final SandboxRegistry registry;
    private final SandboxLifecycle lifecycle;
    private final InstantSource clock;

    /// What is to be deleted but could not be yet.
    private final Set<SnapshotId> unfinished = ConcurrentHashMap.newKeySet();

    Snapshots(
            Store store,
            SandboxRuntime runtime,
            SandboxRegistry registry,
            SandboxLifecycle lifecycle,
            InstantSource clock) {
        this.runtime = runtime;
        this.rows = new SnapshotRows(store);
        this.registry = registry;
        this.lifecycle = lifecycle;
        this.clock = clock;
    }

    /// Saves the files of a sandbox, running, paused or stopped. Commands stand still meanwhile and
    /// file accesses wait. Fails with `TOO_MANY_SNAPSHOTS` or `DISK_FULL`; then nothing was made.
    public Snapshot take(
            ProjectId project, SandboxId id, Optional<String> name, Map<String, String> metadata) {
        SandboxRules.checkLabels(name, metadata);
        LiveSandbox live = registry.get(project, id);
        return live.exclusively(() -> {
            lifecycle.requireUsable(live);
            var snapshot =
                    new Snapshot(
                            SnapshotId.next(),
                            project,
                            id,
                            name,
                            live.spec().image(),
                            metadata,
                            0,
                            Micros.toInstant(Micros.of(clock.instant())));
            rows.insert(snapshot);
            FailPoint.SNAPSHOT_ROW.reached();
            return take(live, snapshot.id(), project);
        });
    }

    private Snapshot take(LiveSandbox live, SnapshotId id, ProjectId project) {
        boolean complete = false;
        try {
            rows.becomeReady(id, lifecycle.save(live, id));
            FailPoint.SNAPSHOT_READY.reached();
            complete = true;
            return get(project, id);
        } finally {
            if (!complete) {
                discard(id);
            }
        }
    }

    /// Fails with `SNAPSHOT_NOT_FOUND`, also for what belongs to another project.
    public Snapshot get(ProjectId project, SnapshotId id) {
        return rows.find(project, id).orElseThrow(() -> notFound(id));
    }

    /// Newest first; only those of one sandbox, if it is given.
    public Page<Snapshot> list(
            ProjectId project, Optional<SandboxId> sandbox, int limit, Optional<String> cursor) {
        Page.checkLimit(limit);
        return Page.of(
                rows.list(project, sandbox, limit + 1, Cursor.parse(cursor)),
                limit,
                snapshot -> Cursor.of(snapshot.createdAt(), snapshot.id().value()));
    }

    /// When this returns, it cannot be used any more, also after a crash. What was made from it
    /// stays.
    public void delete(ProjectId project, SnapshotId id) {
        if (!rows.becomeDeleting(project, id)) {
            throw notFound(id);
        }
        FailPoint.UNSAVE_ROW.reached();
        discard(id);
    }

    /// Ends what runs in a sandbox, gives it the files of the snapshot, and starts it. Its name,
    /// limits and everything else stay. Fails with `CONFLICT` when the snapshot is of another
    /// image; then nothing has happened.
    public Sandbox restore(ProjectId project, SandboxId id, SnapshotId snapshot) {
        Snapshot found = get(project, snapshot);
        LiveSandbox live = registry.get(project, id);
        return live.exclusively(() -> {
            restore(live, found.id(), found.image());
            return live.snapshot();
        });
    }

    /// Hold the lock.
    void restore(LiveSandbox live, SnapshotId snapshot, String image) {
        lifecycle.requireUsable(live);
        requireSameImage(live, snapshot, image);
        lifecycle.restore(live, snapshot);
        live.activity().touch(clock.instant());
    }

    private static void requireSameImage(LiveSandbox live, SnapshotId snapshot, String image) {
        SandboxSpec spec = live.spec();
        if (!spec.image().equals(image)) {
            throw CarrelException.ofParam(
                    ErrorCode.CONFLICT,
                    "snapshot",
                    "snapshot %s is of image \"%s\" and sandbox %s of \"%s\"; make a new sandbox"
                                    .formatted(snapshot, image, live.id(), spec.image())
                            + " from it instead");
        }
    }

    /// Makes host and database agree, whatever a crash has left; called once, before anything else.
    void reconcile() {
        Set<SnapshotId> onHost = runtime.snapshots();
        Set<SnapshotId> kept = rows.ready();
        for (SnapshotId lost : kept) {
            if (!onHost.contains(lost)) {
                LOG.warn("snapshot {} is not on this host any more and is forgotten", lost);
            }
        }
        Set<SnapshotId> unwanted = new HashSet<>(rows.unfinished());
        kept.stream().filter(id -> !onHost.contains(id)).forEach(unwanted::add);
        onHost.stream().filter(id -> !kept.contains(id)).forEach(unwanted::add);
        Parallel.forEach(unwanted, this::discard);
    }

    /// Tries once more to delete what could not be deleted.
    void finish() {
        for (SnapshotId id : Set.copyOf(unfinished)) {
            unfinished.remove(id);
            discard(id);
        }
    }

    /// Removes it from the host, then its row, if it has one; keeps at it if that fails.
    void discard(SnapshotId id) {
        try {
            runtime.deleteSnapshot(id);
            FailPoint.UNSAVE_HOST.reached();
            rows.delete(id);
        } catch (RuntimeException e) {
            LOG.warn("snapshot {} could not be removed, trying again later", id, e);
            unfinished.add(id);
        }
    }

    private static CarrelException notFound(SnapshotId id) {
        return new CarrelException(
                ErrorCode.SNAPSHOT_NOT_FOUND,
                "there is no snapshot " + id + " in this project; it may have been deleted");
    }
}
