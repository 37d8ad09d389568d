package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.Cursor;
import dev.carrel.store.Micros;
import dev.carrel.store.Page;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// All sandboxes of this server: what exists, in which state, and who may touch it. Every call
/// looks the id up together with the project and fails with `SANDBOX_NOT_FOUND` otherwise. Any
/// access starts a stopped sandbox again.
///
/// Any thread may call it, once [#reconcile] has returned. Commands and file accesses of a running
/// sandbox touch neither the database nor a lock.
public final class Sandboxes implements AutoCloseable {
    private static final Duration ROUND_EVERY = Duration.ofSeconds(5);

    /// The database may be behind the last activity by this much: a command costs no write.
    private static final Duration ACTIVITY_LAG = Duration.ofMinutes(1);

    /// An owner's sandbox can fail or go while we wait for it; so often we look again.
    private static final int OWNER_ATTEMPTS_MAX = 5;

    private static final Logger LOG = LoggerFactory.getLogger(Sandboxes.class);

    private final SandboxRuntime runtime;
    private final SandboxSettings settings;
    private final InstantSource clock;
    private final SandboxRows rows;
    private final SandboxRegistry registry = new SandboxRegistry();
    private final SandboxLifecycle lifecycle;
    private final Snapshots snapshots;
    private final Forks forks;
    private final IsolationRule isolation;
    private final CountDownLatch closed = new CountDownLatch(1);

    public Sandboxes(
            Store store, SandboxRuntime runtime, SandboxSettings settings, InstantSource clock) {
        this.runtime = runtime;
        this.settings = settings;
        this.clock = clock;
        this.rows = new SandboxRows(store, settings);
        this.lifecycle = new SandboxLifecycle(runtime, rows, registry);
        this.snapshots = new Snapshots(store, runtime, registry, lifecycle, clock);
        this.forks = new Forks(lifecycle, snapshots, settings, clock);
        this.isolation = new IsolationRule(runtime, settings.isolationMin());
    }

    /// Makes the host agree with the database, whatever a crash or reboot has left: called once,
    /// before any other call. Sandboxes that run are taken over with their commands, others are
    /// stopped; what was being made or deleted, and what nobody knows, is removed. Fails with
    /// `NOT_SUPPORTED` on a host that lacks the weakest isolation allowed.
    public void reconcile() {
        isolation.check(isolation.byDefault());
        lifecycle.reconcile(settings.executionsAtOnceMax());
        snapshots.reconcile();
    }

    /// Starts the thread that deletes expired sandboxes, until [#close].
    public void watch() {
        Thread.ofVirtual()
                .name("sandbox-reaper")
                .start(() -> {
                    while (!awaitClosed()) {
                        try {
                            reapOnce();
                        } catch (RuntimeException e) {
                            LOG.warn("a round of the sandbox reaper failed", e);
                        }
                    }
                });
    }

    private boolean awaitClosed() {
        try {
            return closed.await(ROUND_EVERY.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            return true; // nobody interrupts this thread but a shutdown
        }
    }

    /// Fails with `TOO_MANY_SANDBOXES`, `INVALID_REQUEST`, `NOT_SUPPORTED`, `IMAGE_NOT_FOUND`, or
    /// `CONFLICT` when the owner has a sandbox; then nothing was made.
    public Sandbox create(ProjectId project, SandboxSpec spec) {
        check(spec);
        SandboxRow row = newRow(project, withImageOfSnapshot(project, spec));
        var fresh = new LiveSandbox(row, settings.executionsAtOnceMax());
        Optional<LiveSandbox> other = lifecycle.create(row, fresh);
        if (other.isPresent()) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "there is a sandbox for this owner already: " + other.get().id());
        }
        return fresh.snapshot();
    }

    /// The sandbox made for `spec.owner()`, created now if there is none. Two callers at once get
    /// the same one.
    public Sandbox createForOwner(ProjectId project, SandboxSpec spec) {
        if (spec.owner().isEmpty()) {
            throw new IllegalArgumentException("the spec names no owner");
        }
        check(spec);
        for (int attempt = 0; attempt < OWNER_ATTEMPTS_MAX; attempt++) {
            SandboxRow row = newRow(project, spec);
            var fresh = new LiveSandbox(row, settings.executionsAtOnceMax());
            LiveSandbox found = lifecycle.create(row, fresh).orElse(fresh);
            // Another caller may be making it or taking it down: the lock waits for the outcome.
            if (found.isReady() || found.exclusively(found::isReady)) {
                return found.snapshot();
            }
        }
        throw new CarrelException(
                ErrorCode.UNAVAILABLE,
                "the sandbox of %s could not be made, because others kept deleting it; retry"
                        .formatted(spec.owner().get()));
    }

    private void check(SandboxSpec spec) {
        isolation.check(spec.isolation());
        SandboxRules.check(spec);
        runtime.check(spec.network());
    }

    /// The isolation level of those who ask for none.
    public Isolation isolationByDefault() {
        return isolation.byDefault();
    }

    private SandboxSpec withImageOfSnapshot(ProjectId project, SandboxSpec spec) {
        return spec.snapshot()
                .map(id -> spec.from(id, snapshots.get(project, id).image()))
                .orElse(spec);
    }

    public Sandbox get(ProjectId project, SandboxId id) {
        return registry.get(project, id).snapshot();
    }

    /// Newest first.
    public Page<Sandbox> list(
            ProjectId project, SandboxFilter filter, int limit, Optional<String> cursor) {
        Page.checkLimit(limit);
        return Page.of(
                registry.list(project, filter, limit + 1, Cursor.parse(cursor)),
                limit,
                sandbox -> Cursor.of(sandbox.createdAt(), sandbox.id().value()));
    }

    /// Kills what runs in it and removes its files. When this returns, it cannot be used any more,
    /// also after a crash.
    public void delete(ProjectId project, SandboxId id) {
        lifecycle.delete(registry.get(project, id));
    }

    /// The saved files of sandboxes.
    public Snapshots snapshots() {
        return snapshots;
    }

    /// Makes `count` sandboxes like this one, with its files as they are now, started anew: what
    /// runs in this one goes on here alone. They share its settings; its metadata is extended. All
    /// are made, or none.
    public List<Sandbox> fork(
            ProjectId project,
            SandboxId id,
            int count,
            Optional<String> name,
            Map<String, String> metadata) {
        return forks.fork(registry.get(project, id), count, name, metadata);
    }

    /// Freezes all that runs in it; any access resumes it. Does nothing when it is paused. Fails
    /// with `SANDBOX_NOT_RUNNING` when it is stopped.
    public Sandbox pause(ProjectId project, SandboxId id) {
        LiveSandbox live = registry.get(project, id);
        lifecycle.pause(live);
        return live.snapshot();
    }

    /// Makes it run, as any access does.
    public Sandbox resume(ProjectId project, SandboxId id) {
        LiveSandbox live = registry.get(project, id);
        awake(live);
        return live.snapshot();
    }

    /// Wakes the sandbox and keeps it awake until the hold is closed.
    public Hold hold(ProjectId project, SandboxId id) {
        LiveSandbox live = registry.get(project, id);
        live.hold();
        var hold = new Hold(() -> awake(live), () -> release(live));
        boolean complete = false;
        try {
            awake(live);
            complete = true;
            return hold;
        } finally {
            if (!complete) {
                hold.close();
            }
        }
    }

    private RunningSandbox awake(LiveSandbox live) {
        live.touch(clock.instant());
        return lifecycle.awake(live);
    }

    private void release(LiveSandbox live) {
        live.touch(clock.instant());
        live.letGo();
    }

    /// Each access fails with `SANDBOX_NOT_FOUND` once the sandbox is deleted.
    public SandboxFiles files(ProjectId project, SandboxId id) {
        registry.get(project, id);
        return new LiveFiles(
                new LiveFiles.Access() {
                    @Override
                    public <T> T use(Function<RunningSandbox, T> work) {
                        return Sandboxes.this.use(registry.get(project, id), work);
                    }

                    @Override
                    public Hold hold() {
                        return Sandboxes.this.hold(project, id);
                    }
                });
    }

    /// Starts a command; with an id that was started before, returns that execution and starts
    /// nothing. Fails with `TOO_MANY_EXECUTIONS`, `INVALID_REQUEST` or `INVALID_PATH` (`cwd`).
    public Execution start(
            ProjectId project, SandboxId id, ExecutionId execution, ExecutionRequest request) {
        SandboxRules.check(request);
        LiveSandbox live = registry.get(project, id);
        return live.executions()
                .start(execution, () -> use(live, running -> running.start(execution, request)));
    }

    /// Resumes a paused sandbox, because who asks for a command waits for its end; but does not
    /// start a stopped one. Fails with `EXECUTION_NOT_FOUND` if it was never started.
    public Execution execution(ProjectId project, SandboxId id, ExecutionId execution) {
        LiveSandbox live = registry.get(project, id);
        if (live.running().isPresent()) {
            awake(live);
        }
        return live.executions()
                .get(execution)
                .or(() -> runtime.execution(id, execution))
                .orElseThrow(() ->
                        new CarrelException(
                                ErrorCode.EXECUTION_NOT_FOUND,
                                "sandbox %s has no execution %s".formatted(id, execution)));
    }

    /// Lets no sandbox be made or started any more. Then all are destroyed, or left as they are, as
    /// the settings say. The runtime is its owner's to close.
    @Override
    public void close() {
        lifecycle.close();
        closed.countDown();
        switch (settings.atClose()) {
            case KEEP -> storeActivity(Duration.ZERO);
            case DESTROY -> lifecycle.deleteAll();
        }
    }

    /// One round of the reaper: expired sandboxes go, failed removals are tried again, activity is
    /// written down.
    void reapOnce() {
        Instant now = clock.instant();
        for (LiveSandbox live : registry.all()) {
            if (live.expiresAt().map(end -> !end.isAfter(now)).orElse(false)) {
                LOG.info("sandbox {} has reached the end of its ttl", live.id());
                deleteExpired(live);
            }
        }
        lifecycle.finish();
        snapshots.finish();
        storeActivity(ACTIVITY_LAG);
    }

    private void deleteExpired(LiveSandbox live) {
        try {
            lifecycle.delete(live);
        } catch (CarrelException e) {
            if (e.code() != ErrorCode.SANDBOX_NOT_FOUND) {
                LOG.warn("sandbox {} could not be deleted, trying again later", live.id(), e);
            }
        }
    }

    private void storeActivity(Duration lag) {
        Map<SandboxId, Instant> times = new HashMap<>();
        for (LiveSandbox live : registry.all()) {
            live.activityToStore(lag).ifPresent(time -> times.put(live.id(), time));
        }
        if (!times.isEmpty()) {
            rows.setLastActive(times);
        }
    }

    private <T> T use(LiveSandbox live, Function<RunningSandbox, T> work) {
        live.touch(clock.instant());
        return lifecycle.use(live, work);
    }

    /// Times as precise as the database keeps them, so that they are the same after a restart.
    private SandboxRow newRow(ProjectId project, SandboxSpec spec) {
        Instant now = Micros.toInstant(Micros.of(clock.instant()));
        return new SandboxRow(SandboxId.next(), project, spec, SandboxRow.State.CREATING, now, now);
    }
}
