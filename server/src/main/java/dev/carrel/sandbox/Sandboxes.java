package dev.carrel.sandbox;

import dev.carrel.store.Cursor;
import dev.carrel.store.Micros;
import dev.carrel.store.Page;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// All sandboxes of this server: what exists, in which state, and who may touch it. Every call
/// looks the id up together with the project and fails with `SANDBOX_NOT_FOUND` otherwise. Any
/// access starts a stopped sandbox again.
///
/// Any thread may call it, once [#reconcile] has returned. Commands and file accesses of a running
/// sandbox touch neither the database nor a lock.
public final class Sandboxes implements AutoCloseable {
    private final SandboxRuntime runtime;
    private final SandboxSettings settings;
    private final InstantSource clock;
    private final ImageSource images;
    private final SandboxRows rows;
    private final SandboxRegistry registry;
    private final SandboxLifecycle lifecycle;
    private final SandboxSleep sleep;
    private final SandboxAccess access;
    private final Snapshots snapshots;
    private final Forks forks;
    private final IsolationRule isolation;
    private final ExecutionLimits limits;
    private final Tombstones tombstones;
    private final SandboxReaper reaper;
    private final WarmPool pool;
    private final SandboxMaker maker;
    private final BuildSteps builds;
    private final SessionSnapshots sessionSnapshots;

    public Sandboxes(
            Store store, SandboxRuntime runtime, SandboxSettings settings, InstantSource clock) {
        this(store, runtime, settings, clock, ImageSource.AS_NAMED);
    }

    public Sandboxes(
            Store store,
            SandboxRuntime runtime,
            SandboxSettings settings,
            InstantSource clock,
            ImageSource images) {
        this.images = images;
        this.runtime = runtime;
        this.settings = settings;
        this.clock = clock;
        this.rows = new SandboxRows(store, settings);
        this.limits =
                new ExecutionLimits(settings.executionsAtOnceMax(), ExecutionLimits.IN_ALL_MAX);
        this.tombstones = new Tombstones(store);
        this.registry = new SandboxRegistry(tombstones);
        this.lifecycle = new SandboxLifecycle(runtime, rows, registry, tombstones);
        this.sleep = new SandboxSleep(runtime, rows, lifecycle);
        this.access = new SandboxAccess(runtime, registry, lifecycle, clock);
        var births = new SandboxBirths(runtime, rows, registry, lifecycle);
        this.snapshots = new Snapshots(store, runtime, registry, lifecycle, clock);
        this.forks = new Forks(births, lifecycle, snapshots, settings, limits, clock);
        this.reaper =
                new SandboxReaper(
                        registry, lifecycle, sleep, rows, tombstones, clock, snapshots::finish);
        this.isolation = new IsolationRule(runtime, settings.isolationMin());
        var usual = new WarmSandbox.Kind(SandboxSpec.DEFAULT_IMAGE, isolation.byDefault());
        this.pool = new WarmPool(usual, settings.warm(), runtime, births, lifecycle, clock);
        this.maker = new SandboxMaker(births, pool, settings, limits, clock);
        this.builds =
                new BuildSteps(
                        maker,
                        lifecycle,
                        registry,
                        snapshots,
                        runtime,
                        isolation::byDefault,
                        BuildSteps.Rows.of(store, clock));
        this.sessionSnapshots =
                new SessionSnapshots(
                        maker,
                        lifecycle,
                        registry,
                        snapshots,
                        runtime,
                        new SessionSnapshotRows(store),
                        clock);
    }

    /// Makes the host agree with the database, whatever a crash or reboot has left: called once,
    /// before any other call. Sandboxes that run are taken over with their commands, others are
    /// stopped; what was being made or deleted, and what nobody knows, is removed. Fails with
    /// `NOT_SUPPORTED` on a host that lacks the weakest isolation allowed.
    public void reconcile() {
        isolation.check(isolation.byDefault());
        new Reconciler(runtime, rows, registry, lifecycle).reconcile(settings, limits);
        snapshots.reconcile();
        builds.reconcile();
    }

    /// Starts the threads that delete, pause and stop sandboxes when it is time, and make some
    /// ahead, until [#close].
    public void watch() {
        reaper.start();
        pool.start();
    }

    /// Fails with `TOO_MANY_SANDBOXES`, `INVALID_REQUEST`, `NOT_SUPPORTED`, `IMAGE_NOT_FOUND`, or
    /// `CONFLICT` when the owner has a sandbox; then nothing was made.
    public Sandbox create(ProjectId project, SandboxSpec spec) {
        check(spec);
        return maker.make(project, pinned(project, spec)).snapshot();
    }

    /// The sandbox made for `spec.owner()`, created now if there is none. Two callers at once get
    /// the same one.
    public Sandbox createForOwner(ProjectId project, SandboxSpec spec) {
        String owner =
                spec.owner()
                        .orElseThrow(() -> new IllegalArgumentException("the spec names no owner"));
        check(spec);
        return maker.forOwner(project, pinned(project, spec), owner).snapshot();
    }

    private SandboxSpec pinned(ProjectId project, SandboxSpec spec) {
        return spec.snapshot()
                .map(id -> spec.from(id, snapshots.get(project, id).image()))
                .orElseGet(() -> spec.withImage(images.pin(project, spec.image())));
    }

    /// Fails as [#create] does for a spec that no sandbox can have.
    public void check(SandboxSpec spec) {
        isolation.check(spec.isolation());
        checkWhatMayChange(spec);
    }

    private void checkWhatMayChange(SandboxSpec spec) {
        SandboxRules.check(spec);
        runtime.check(spec.network());
    }

    /// The isolation level of those who ask for none.
    public Isolation isolationByDefault() {
        return isolation.byDefault();
    }

    public Sandbox get(ProjectId project, SandboxId id) {
        return registry.get(project, id).snapshot();
    }

    /// What it uses now, without waking it.
    public SandboxUsage usage(ProjectId project, SandboxId id) {
        return runtime.usage(registry.get(project, id).id());
    }

    /// Whose a sandbox is, for callers that check by other means who may touch it.
    public Optional<ProjectId> projectOf(SandboxId id) {
        return registry.projectOf(id);
    }

    /// All that were made for somebody, of all projects.
    public List<Sandbox> owned() {
        return registry.all().stream()
                .filter(live -> live.spec().owner().isPresent())
                .map(LiveSandbox::snapshot)
                .toList();
    }

    /// Newest first. Deleted ones are listed, for a day, when the filter asks for that state.
    public Page<Sandbox> list(
            ProjectId project, SandboxFilter filter, int limit, Optional<String> cursor) {
        Page.checkLimit(limit);
        return Page.of(
                SandboxRegistry.page(
                        filter.state().equals(Optional.of(SandboxState.DELETED))
                                ? tombstones.of(project).stream().map(Tombstone::snapshot)
                                : registry.of(project),
                        filter,
                        limit + 1,
                        Cursor.parse(cursor)),
                limit,
                sandbox -> Cursor.of(sandbox.createdAt(), sandbox.id().value()));
    }

    /// Kills what runs in it and removes its files. When this returns, it cannot be used any more,
    /// also after a crash. Who asks for it later is told why.
    public void delete(ProjectId project, SandboxId id, DeletionReason why) {
        lifecycle.delete(registry.get(project, id), why, now());
    }

    /// The same where there is nothing to say about it.
    public void delete(ProjectId project, SandboxId id) {
        delete(project, id, DeletionReason.NONE);
    }

    /// Changes it, running or not. Fails with `INVALID_REQUEST`, or with `CONFLICT` when it uses
    /// more than it would have; then nothing was changed.
    public Sandbox change(ProjectId project, SandboxId id, SandboxChange change) {
        LiveSandbox live = registry.get(project, id);
        live.activity().touch(clock.instant());
        lifecycle.change(live, change, this::checkWhatMayChange, now());
        return live.snapshot();
    }

    /// The rules for those that have none of their own.
    public IdleRules idleByDefault() {
        return settings.idle();
    }

    /// The saved files of sandboxes.
    public Snapshots snapshots() {
        return snapshots;
    }

    /// The files that sessions can go back to.
    public SessionSnapshots sessionSnapshots() {
        return sessionSnapshots;
    }

    /// What builds of images need.
    public BuildSteps builds() {
        return builds;
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
        sleep.pause(live);
        return live.snapshot();
    }

    /// Stops it with its memory saved; any access lets it go on. Fails as [SandboxSleep] says.
    public Sandbox pauseToDisk(ProjectId project, SandboxId id) {
        LiveSandbox live = registry.get(project, id);
        sleep.pauseToDisk(live);
        return live.snapshot();
    }

    /// Makes it run, as any access does.
    public Sandbox resume(ProjectId project, SandboxId id) {
        LiveSandbox live = registry.get(project, id);
        access.awake(live);
        return live.snapshot();
    }

    /// Wakes the sandbox and keeps it awake until the hold is closed.
    public Hold hold(ProjectId project, SandboxId id) {
        return access.hold(registry.get(project, id));
    }

    /// Each access fails with `SANDBOX_NOT_FOUND` once the sandbox is deleted.
    public SandboxFiles files(ProjectId project, SandboxId id) {
        registry.get(project, id);
        return access.files(project, id);
    }

    /// Starts a command, which keeps the sandbox awake until it ends; with an id that was started
    /// before, returns that execution and starts nothing. Fails with `TOO_MANY_EXECUTIONS`,
    /// `INVALID_REQUEST` or `INVALID_PATH` (`cwd`).
    public Execution start(
            ProjectId project, SandboxId id, ExecutionId execution, ExecutionRequest request) {
        return access.start(registry.get(project, id), execution, request);
    }

    /// The same for a command that nobody waits for: it does not keep the sandbox awake, and stands
    /// still with it until the next use.
    public Execution startInBackground(
            ProjectId project, SandboxId id, ExecutionId execution, ExecutionRequest request) {
        return access.startInBackground(registry.get(project, id), execution, request);
    }

    /// The commands that there are records of, newest first, whoever started them; a stopped
    /// sandbox stays so.
    public Page<ExecutionSummary> executions(
            ProjectId project, SandboxId id, int limit, Optional<String> cursor) {
        Page.checkLimit(limit);
        registry.get(project, id);
        return Page.of(
                runtime.executions(id, Cursor.parse(cursor), limit + 1),
                limit,
                found -> Cursor.of(found.startedAt(), found.id().value()));
    }

    /// Kills every process in it; it runs on, empty. Does nothing when it is stopped.
    public void killAll(ProjectId project, SandboxId id) {
        access.killAll(registry.get(project, id));
    }

    /// Resumes a paused sandbox, because who asks for a command waits for its end; but does not
    /// start a stopped one. Fails with `EXECUTION_NOT_FOUND` if it was never started.
    public Execution execution(ProjectId project, SandboxId id, ExecutionId execution) {
        return access.execution(registry.get(project, id), execution);
    }

    /// Lets no sandbox be made or started any more. Then all are destroyed, or left as they are, as
    /// the settings say. The runtime is its owner's to close.
    @Override
    public void close() {
        lifecycle.close();
        reaper.close();
        pool.close();
        switch (settings.atClose()) {
            case KEEP -> reaper.storeActivity(Duration.ZERO);
            case DESTROY -> lifecycle.deleteAll(clock.instant());
        }
    }

    /// One round of the pool.
    void refillOnce() {
        pool.refill();
    }

    /// One round of the reaper.
    void reapOnce() {
        reaper.round();
    }

    private Instant now() {
        return Micros.toInstant(Micros.of(clock.instant()));
    }
}
