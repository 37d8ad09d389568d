package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings sandboxes up and takes them down, so that a row of the database is always ahead of the
/// host: written before anything is made, deleted after everything is gone.
final class SandboxLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(SandboxLifecycle.class);

    private final SandboxRuntime runtime;
    private final SandboxRows rows;
    private final SandboxRegistry registry;
    private final Tombstones tombstones;
    private final SandboxChanges changes;

    /// What is to be destroyed but could not be yet.
    private final Set<SandboxId> unfinished = ConcurrentHashMap.newKeySet();

    private volatile boolean closing;

    SandboxLifecycle(
            SandboxRuntime runtime,
            SandboxRows rows,
            SandboxRegistry registry,
            Tombstones tombstones) {
        this.runtime = runtime;
        this.rows = rows;
        this.registry = registry;
        this.tombstones = tombstones;
        this.changes = new SandboxChanges(runtime, rows);
    }

    SandboxChanges changes() {
        return changes;
    }

    /// Uses the sandbox, resumed where it is paused or stopped. It may end between being found
    /// awake and being used: once more, then. So `work` must be such that it may begin twice.
    <T> T use(LiveSandbox live, Function<RunningSandbox, T> work) {
        RunningSandbox found = enter(live);
        try {
            return work.apply(found);
        } catch (CarrelException e) {
            if (e.code() != ErrorCode.SANDBOX_NOT_RUNNING) {
                throw e;
            }
        } finally {
            live.activity().leave();
        }
        live.dropRunning(found);
        RunningSandbox again = enter(live);
        try {
            return work.apply(again);
        } finally {
            live.activity().leave();
        }
    }

    /// Begins a call, which [Activity#leave] ends. Callers at once wake the sandbox once.
    RunningSandbox enter(LiveSandbox live) {
        return live.enter()
                .orElseGet(() ->
                        live.exclusively(() -> {
                            RunningSandbox awake = wake(live);
                            live.activity().enterAwake();
                            return awake;
                        }));
    }

    /// The sandbox, awake: resumed or started if need be.
    RunningSandbox awake(LiveSandbox live) {
        RunningSandbox found = enter(live);
        live.activity().leave();
        return found;
    }

    // Under the lock.
    private RunningSandbox wake(LiveSandbox live) {
        requireUsable(live);
        RunningSandbox found = live.running().orElseGet(() -> findOrStart(live));
        if (found.isPaused()) {
            found.resume();
        }
        return found;
    }

    /// Makes it run, paused or not. Hold the lock.
    RunningSandbox findOrStart(LiveSandbox live) {
        Optional<RunningSandbox> found = runtime.find(live.id(), live.spec());
        RunningSandbox up = found.orElseGet(() -> runtime.start(live.id(), live.spec()));
        if (live.whyStopped().isPresent()) {
            rows.setWhyStopped(live.id(), Optional.empty());
        }
        live.setRunning(up, found.isPresent() ? live.memory() : runtime.memory(live.id()));
        return up;
    }

    /// Fails with `SANDBOX_NOT_FOUND` once it is deleted, and with `UNAVAILABLE` when nothing is to
    /// begin any more. Hold the lock.
    void requireUsable(LiveSandbox live) {
        requireOpen();
        requirePresent(live);
    }

    void requirePresent(LiveSandbox live) {
        if (live.isGone()) {
            throw tombstones.notFound(live.project(), live.id());
        }
    }

    /// Saves its files, when the calls under way have ended. Hold the lock. Returns their size.
    long save(LiveSandbox live, SnapshotId snapshot) {
        long size = live.activity().quiet(() -> runtime.takeSnapshot(live.id(), snapshot));
        FailPoint.SNAPSHOT_HOST.reached();
        return size;
    }

    /// The same for a turn that waits: it does not for long.
    long saveSoon(LiveSandbox live, SnapshotId snapshot) {
        long size = live.activity().quietSoon(() -> runtime.takeSnapshot(live.id(), snapshot));
        FailPoint.SNAPSHOT_HOST.reached();
        return size;
    }

    /// Ends what runs, gives it the files of a snapshot and starts it. Hold the lock.
    void restore(LiveSandbox live, SnapshotId snapshot) {
        live.settled(() -> {
            runtime.restore(live.id(), live.spec(), snapshot);
            FailPoint.RESTORE_HOST.reached();
            live.setRunning(runtime.start(live.id(), live.spec()), SavedMemory.NONE);
            FailPoint.RESTORE_READY.reached();
            return live.id();
        });
    }

    /// Changes its spec, for the host too. What is not there is `SANDBOX_NOT_FOUND`.
    void change(LiveSandbox live, SandboxChange change, Consumer<SandboxSpec> check, Instant now) {
        live.exclusively(() -> {
            requireUsable(live);
            SandboxSpec wanted = change.spec().apply(live.spec());
            check.accept(wanted);
            changes.change(live, wanted, change.renewsTtl() ? now : live.ttlFrom());
            return live.id();
        });
    }

    /// When this returns, nobody can use it any more; what cannot be removed now is removed later.
    void delete(LiveSandbox live, DeletionReason why, Instant now) {
        live.exclusively(() -> {
            requirePresent(live);
            markDeleting(Tombstone.of(live, why, now));
            FailPoint.DELETE_ROW.reached();
            live.becomeGone();
            discard(live.id());
            registry.remove(live);
            return live.id();
        });
    }

    /// On a full disk the sandbox goes all the same, because that makes room. If the server dies
    /// before the row is gone too, the row is found to have nothing on the host.
    private void markDeleting(Tombstone stone) {
        try {
            rows.setDeleting(stone);
        } catch (CarrelException e) {
            if (e.code() != ErrorCode.DISK_FULL) {
                throw e;
            }
        }
    }

    /// Removes what there is on the host, then the row; keeps at it if that fails.
    void discard(SandboxId id) {
        try {
            runtime.destroy(id);
            FailPoint.DELETE_HOST.reached();
            rows.delete(id);
        } catch (RuntimeException e) {
            LOG.warn("sandbox {} could not be removed, trying again later", id, e);
            unfinished.add(id);
        }
    }

    /// Tries once more to do what could not be done.
    void finish() {
        finishDiscards();
        changes.finish();
    }

    /// Tries once more to remove what could not be removed, for an owner who wants a new one: its
    /// row may stand in the way.
    void finishDiscards() {
        for (SandboxId id : List.copyOf(unfinished)) {
            unfinished.remove(id);
            discard(id);
        }
    }

    /// From now on nothing is created or started.
    void close() {
        closing = true;
    }

    void deleteAll(Instant now) {
        Parallel.forEach(
                registry.all(),
                live -> {
                    try {
                        delete(live, DeletionReason.SERVER, now);
                    } catch (RuntimeException e) {
                        LOG.warn("sandbox {} could not be deleted", live.id(), e);
                    }
                });
        finish();
    }

    /// Fails with `UNAVAILABLE` when nothing is to begin any more.
    void requireOpen() {
        if (closing) {
            throw new CarrelException(
                    ErrorCode.UNAVAILABLE, "the server is stopping; retry when it is back");
        }
    }
}
