package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.ProjectId;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/// What sessions need of snapshots and nobody else: files that they can go back to. Nobody is shown
/// them and they count for no project's limit; who may have how many is the session's to decide.
/// Any thread may call it.
public final class SessionSnapshots {
    /// On one server. The oldest go, whose ever they are.
    public static final int TOTAL_MAX = 5_000;

    private final SandboxMaker maker;
    private final SandboxLifecycle lifecycle;
    private final SandboxRegistry registry;
    private final Snapshots snapshots;
    private final SandboxRuntime runtime;
    private final SessionSnapshotRows rows;
    private final InstantSource clock;

    /// What must not go now, and how often that was asked for.
    private final ConcurrentHashMap<SnapshotId, AtomicInteger> held = new ConcurrentHashMap<>();

    SessionSnapshots(
            SandboxMaker maker,
            SandboxLifecycle lifecycle,
            SandboxRegistry registry,
            Snapshots snapshots,
            SandboxRuntime runtime,
            SessionSnapshotRows rows,
            InstantSource clock) {
        this.maker = maker;
        this.lifecycle = lifecycle;
        this.registry = registry;
        this.snapshots = snapshots;
        this.runtime = runtime;
        this.rows = rows;
        this.clock = clock;
    }

    /// Whether one costs the same however many files there are.
    public boolean areCheap() {
        return runtime.snapshotsAreCheap();
    }

    /// A new snapshot, and whether those of its sandbox leave less than half of its disk free.
    public record Saved(SnapshotId id, boolean tight) {}

    /// Saves the files of a sandbox, running or not. There is no row before there are files, as one
    /// sync is all that a step of a turn has time for: files without a row go when the server
    /// starts. Fails as [Snapshots#take] does, and with `SANDBOX_NOT_FOUND`; then nothing was made.
    public Saved save(ProjectId project, SandboxId sandbox, String session) {
        LiveSandbox live = registry.get(project, sandbox);
        SnapshotId id = SnapshotId.next();
        return live.exclusively(() -> {
            lifecycle.requireUsable(live);
            boolean complete = false;
            try {
                long bytes = lifecycle.saveSoon(live, id);
                rows.insert(project, id, live, session, bytes, clock.instant());
                FailPoint.SNAPSHOT_READY.reached();
                complete = true;
                long half = (long) live.spec().resources().diskMib() << 19;
                return new Saved(id, bytes > half);
            } finally {
                if (!complete) {
                    snapshots.discard(id);
                }
            }
        });
    }

    /// Empty when it is not kept any more.
    public Optional<SessionSnapshot> find(ProjectId project, SnapshotId id) {
        return rows.find(project, id);
    }

    /// Newest first.
    public List<SessionSnapshot> of(String session) {
        return rows.of(session);
    }

    /// Those whose files were this sandbox's, newest first: its disk has room for all together.
    public List<SessionSnapshot> of(SandboxId sandbox) {
        return rows.of(sandbox);
    }

    /// The oldest of all sessions, beyond [#TOTAL_MAX].
    public List<SnapshotId> surplus() {
        return rows.beyond(TOTAL_MAX);
    }

    /// The sessions that have any.
    public Set<String> sessions() {
        return rows.sessions();
    }

    /// Makes them another session's.
    public void give(Collection<SnapshotId> ids, String session) {
        rows.give(ids, session);
    }

    /// Removes those that nobody holds or has a use for. They are marked first and spared then: who
    /// holds one and looks for it afterwards finds it only if it stays.
    public void discard(Collection<SnapshotId> ids, Predicate<SnapshotId> used) {
        if (ids.isEmpty()) {
            return;
        }
        rows.mark(ids, "deleting");
        List<SnapshotId> spared =
                ids.stream().filter(id -> held.containsKey(id) || used.test(id)).toList();
        rows.mark(spared, "ready");
        ids.stream().filter(id -> !spared.contains(id)).forEach(snapshots::discard);
    }

    /// Keeps one from being removed until the hold is closed. Look then whether it is there.
    public Held hold(SnapshotId id) {
        held.compute(
                id,
                (_, count) -> {
                    var users = count == null ? new AtomicInteger() : count;
                    users.incrementAndGet();
                    return users;
                });
        return () ->
                held.computeIfPresent(
                        id, (_, users) -> users.decrementAndGet() == 0 ? null : users);
    }

    /// Ends a hold.
    @FunctionalInterface
    public interface Held extends AutoCloseable {
        @Override
        void close();
    }

    /// The sandbox of an owner, made with these files now if there is none. Fails with
    /// `SNAPSHOT_NOT_FOUND`, and as [Sandboxes#create] does.
    public Sandbox create(ProjectId project, SandboxSpec spec, String owner, SnapshotId files) {
        SandboxSpec from = spec.withOwner(owner).from(files, require(project, files).image());
        return maker.forOwner(project, from, owner).snapshot();
    }

    /// As [SandboxRuntime#compareSnapshots].
    public boolean compare(
            Optional<SnapshotId> before,
            Optional<SnapshotId> after,
            String path,
            int entriesMax,
            FileDifference.Visitor visitor) {
        return runtime.compareSnapshots(before, after, path, entriesMax, visitor);
    }

    /// Gives a sandbox these files, if `wanted` still says so when nobody else changes its life,
    /// and then does `done` before anybody can. What runs in it ends.
    public void restore(
            ProjectId project,
            SandboxId sandbox,
            SnapshotId files,
            BooleanSupplier wanted,
            Runnable done) {
        LiveSandbox live = registry.get(project, sandbox);
        live.exclusively(() -> {
            if (wanted.getAsBoolean()) {
                snapshots.restore(live, files, require(project, files).image());
                done.run();
            }
            return live.id();
        });
    }

    private SessionSnapshot require(ProjectId project, SnapshotId id) {
        return find(project, id)
                .orElseThrow(() ->
                        new CarrelException(
                                ErrorCode.SNAPSHOT_NOT_FOUND,
                                "the files of snapshot " + id + " are not kept any more"));
    }
}
