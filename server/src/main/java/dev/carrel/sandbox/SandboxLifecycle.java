package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
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

    /// What is to be destroyed but could not be yet.
    private final Set<SandboxId> unfinished = ConcurrentHashMap.newKeySet();

    private volatile boolean closing;

    SandboxLifecycle(SandboxRuntime runtime, SandboxRows rows, SandboxRegistry registry) {
        this.runtime = runtime;
        this.rows = rows;
        this.registry = registry;
    }

    /// Makes it, unless its owner has one: then nothing happens and that one is returned.
    Optional<LiveSandbox> create(SandboxRow row, LiveSandbox fresh) {
        return create(row, fresh, fresh.spec());
    }

    /// As [#create], with the files of a snapshot that the sandbox will know nothing of.
    void create(SandboxRow row, LiveSandbox fresh, SnapshotId files) {
        create(row, fresh, fresh.spec().from(files, fresh.spec().image()));
    }

    private Optional<LiveSandbox> create(SandboxRow row, LiveSandbox fresh, SandboxSpec made) {
        return fresh.exclusively(() -> {
            Optional<LiveSandbox> other = registry.add(fresh);
            if (other.isEmpty()) {
                bringUp(row, fresh, made);
            }
            return other;
        });
    }

    private void bringUp(SandboxRow row, LiveSandbox fresh, SandboxSpec made) {
        try {
            requireOpen();
            rows.insert(row);
            try {
                RunningSandbox started = runtime.create(fresh.id(), made);
                rows.setState(fresh.id(), SandboxRow.State.READY);
                fresh.becomeReady(started);
            } catch (RuntimeException e) {
                discard(fresh.id());
                throw e;
            }
        } finally {
            if (!fresh.isReady()) {
                fresh.becomeGone();
                registry.remove(fresh);
            }
        }
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
            live.leave();
        }
        live.dropRunning(found);
        RunningSandbox again = enter(live);
        try {
            return work.apply(again);
        } finally {
            live.leave();
        }
    }

    /// Begins a call. Callers at once wake the sandbox once.
    private RunningSandbox enter(LiveSandbox live) {
        return live.enter()
                .orElseGet(() ->
                        live.exclusively(() -> {
                            RunningSandbox awake = wake(live);
                            live.enterAwake();
                            return awake;
                        }));
    }

    /// The sandbox, awake: resumed or started if need be.
    RunningSandbox awake(LiveSandbox live) {
        RunningSandbox found = enter(live);
        live.leave();
        return found;
    }

    // Under the lock.
    private RunningSandbox wake(LiveSandbox live) {
        requireOpen();
        if (live.isGone()) {
            throw SandboxRegistry.notFound(live.id());
        }
        RunningSandbox found = live.running().orElseGet(() -> findOrStart(live));
        if (found.isPaused()) {
            found.resume();
        }
        return found;
    }

    private RunningSandbox findOrStart(LiveSandbox live) {
        RunningSandbox started =
                runtime.find(live.id(), live.spec())
                        .orElseGet(() -> runtime.start(live.id(), live.spec()));
        live.setRunning(started);
        return started;
    }

    /// Freezes its processes; calls under way end before. Fails with `SANDBOX_NOT_RUNNING` when
    /// none run.
    void pause(LiveSandbox live) {
        live.exclusively(() -> {
            requireOpen();
            if (live.isGone()) {
                throw SandboxRegistry.notFound(live.id());
            }
            RunningSandbox running =
                    live.running()
                            .orElseThrow(() ->
                                    new CarrelException(
                                            ErrorCode.SANDBOX_NOT_RUNNING,
                                            "sandbox "
                                                    + live.id()
                                                    + " is stopped: nothing runs in it that could"
                                                    + " be paused"));
            if (!running.isPaused()) {
                live.settled(running::pause);
            }
            return live.id();
        });
    }

    /// Saves its files, when the calls under way have ended. Hold the lock. Returns their size.
    long save(LiveSandbox live, SnapshotId snapshot) {
        var size = new AtomicLong();
        live.settled(() -> size.set(runtime.takeSnapshot(live.id(), snapshot)));
        return size.get();
    }

    /// Ends what runs, gives it the files of a snapshot and starts it. Hold the lock.
    void restore(LiveSandbox live, SnapshotId snapshot) {
        requireOpen();
        live.settled(() -> {
            runtime.restore(live.id(), live.spec(), snapshot);
            live.setRunning(runtime.start(live.id(), live.spec()));
        });
    }

    /// When this returns, nobody can use it any more; what cannot be removed now is removed later.
    void delete(LiveSandbox live) {
        live.exclusively(() -> {
            if (live.isGone()) {
                throw SandboxRegistry.notFound(live.id());
            }
            markDeleting(live.id());
            live.becomeGone();
            discard(live.id());
            registry.remove(live);
            return live.id();
        });
    }

    /// On a full disk the sandbox goes all the same, because that makes room. If the server dies
    /// before the row is gone too, the row is found to have nothing on the host.
    private void markDeleting(SandboxId id) {
        try {
            rows.setState(id, SandboxRow.State.DELETING);
        } catch (CarrelException e) {
            if (e.code() != ErrorCode.DISK_FULL) {
                throw e;
            }
        }
    }

    /// Removes what there is on the host, then the row; keeps at it if that fails.
    private void discard(SandboxId id) {
        try {
            runtime.destroy(id);
            rows.delete(id);
        } catch (RuntimeException e) {
            LOG.warn("sandbox {} could not be removed, trying again later", id, e);
            unfinished.add(id);
        }
    }

    /// Tries once more to remove what could not be removed.
    void finish() {
        for (SandboxId id : List.copyOf(unfinished)) {
            unfinished.remove(id);
            discard(id);
        }
    }

    /// Makes host and database agree after a crash, a reboot or a plain restart. Called once,
    /// before anything else.
    void reconcile(int executionsAtOnceMax) {
        Set<SandboxId> unwanted = ConcurrentHashMap.newKeySet();
        Set<SandboxId> onHost = runtime.remains();
        unwanted.addAll(onHost);
        for (SandboxRow row : rows.all()) {
            if (row.state() == SandboxRow.State.READY && onHost.contains(row.id())) {
                registry.add(new LiveSandbox(row, executionsAtOnceMax));
                unwanted.remove(row.id());
            } else {
                unwanted.add(row.id());
            }
        }
        Parallel.forEach(unwanted, this::discard);
        Parallel.forEach(registry.all(), this::findAgain);
        LOG.info(
                "sandboxes: {} kept, {} of them running, {} removed",
                registry.all().size(),
                registry.all().stream().filter(live -> live.running().isPresent()).count(),
                unwanted.size());
    }

    /// One that cannot be found is stopped, and starts again at its next use.
    private void findAgain(LiveSandbox live) {
        try {
            live.exclusively(() -> {
                runtime.find(live.id(), live.spec()).ifPresent(live::setRunning);
                return live.id();
            });
        } catch (RuntimeException e) {
            LOG.warn("sandbox {} could not be found again", live.id(), e);
        }
    }

    /// From now on nothing is created or started.
    void close() {
        closing = true;
    }

    void deleteAll() {
        Parallel.forEach(
                registry.all(),
                live -> {
                    try {
                        delete(live);
                    } catch (RuntimeException e) {
                        LOG.warn("sandbox {} could not be deleted", live.id(), e);
                    }
                });
        finish();
    }

    private void requireOpen() {
        if (closing) {
            throw new CarrelException(
                    ErrorCode.UNAVAILABLE, "the server is stopping; retry when it is back");
        }
    }
}
