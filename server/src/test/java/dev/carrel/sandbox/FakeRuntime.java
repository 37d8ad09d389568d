package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.FakeHost.ServerDied;
import dev.carrel.sandbox.FakeHost.Step;
import dev.carrel.store.Cursor;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A [SandboxRuntime] for tests and for trying things out where no isolation is to be had. **It
/// isolates nothing**: commands are processes of the host with the rights of this one, started in a
/// folder that plays the root directory. Absolute paths inside commands are the host's; those of
/// [SandboxFiles] and working directories are below that folder. Network and resources are not
/// limited.
public final class FakeRuntime implements SandboxRuntime {
    private final FakeHost host;
    private final Set<Isolation> isolations;
    private volatile boolean dead;

    public FakeRuntime(FakeHost host) {
        this(host, Set.of(Isolation.CONTAINER));
    }

    /// One that claims these levels.
    FakeRuntime(FakeHost host, Set<Isolation> isolations) {
        this.host = host;
        this.isolations = Set.copyOf(isolations);
    }

    @Override
    public Optional<String> lacks(Isolation level) {
        return isolations.contains(level)
                ? Optional.empty()
                : Optional.of("a runtime for tests isolates nothing");
    }

    @Override
    public void check(NetworkPolicy policy) {
        ClosedRanges.DEFAULT.check(policy);
    }

    @Override
    public RunningSandbox create(SandboxId id, SandboxSpec spec) {
        reach(Step.BEFORE_CREATE);
        try {
            FakeSandbox sandbox = host.add(id, spec);
            reach(Step.HALF_CREATED);
            RunningSandbox running = sandbox.start();
            reach(Step.AFTER_CREATE);
            return running;
        } catch (RuntimeException e) {
            host.remove(id);
            throw e;
        }
    }

    @Override
    public RunningSandbox start(SandboxId id, SandboxSpec spec) {
        reach(Step.BEFORE_START);
        FakeSandbox sandbox = sandbox(id);
        sandbox.become(spec);
        RunningSandbox running = sandbox.start();
        reach(Step.AFTER_START);
        return running;
    }

    @Override
    public Optional<RunningSandbox> find(SandboxId id, SandboxSpec spec) {
        requireAlive();
        Optional<FakeSandbox> sandbox = host.sandbox(id);
        sandbox.ifPresent(known -> known.become(spec));
        return sandbox.flatMap(FakeSandbox::running);
    }

    @Override
    public boolean isCurrent(SandboxId id, SandboxSpec spec) {
        return host.sandbox(id).isPresent();
    }

    @Override
    public void resize(SandboxId id, Resources resources) {
        reach(Step.BEFORE_RESIZE);
    }

    @Override
    public void stop(SandboxId id) {
        reach(Step.BEFORE_STOP);
        host.sandbox(id).ifPresent(FakeSandbox::stop);
    }

    /// Of a sandbox that claims to be more than a container.
    @Override
    public boolean savesMemory(Isolation level) {
        return level == Isolation.GVISOR;
    }

    @Override
    public Optional<String> saveMemory(SandboxId id, SandboxSpec spec) {
        reach(Step.BEFORE_SAVE);
        Optional<String> why = host.whyNotSaved();
        why.ifPresentOrElse(sandbox(id)::loseMemory, sandbox(id)::saveMemory);
        reach(Step.AFTER_SAVE);
        return why;
    }

    @Override
    public SavedMemory memory(SandboxId id) {
        requireAlive();
        return host.sandbox(id).map(FakeSandbox::memory).orElse(SavedMemory.NONE);
    }

    @Override
    public void dropMemory(SandboxId id, String why) {
        stop(id);
        sandbox(id).loseMemory(why);
    }

    @Override
    public void destroy(SandboxId id) {
        reach(Step.BEFORE_DESTROY);
        host.sandbox(id).ifPresent(FakeSandbox::stop);
        reach(Step.HALF_DESTROYED);
        host.remove(id);
        reach(Step.AFTER_DESTROY);
    }

    @Override
    public Optional<Execution> execution(SandboxId id, ExecutionId execution) {
        requireAlive();
        return host.sandbox(id).flatMap(sandbox -> sandbox.execution(execution));
    }

    @Override
    public List<ExecutionSummary> executions(SandboxId id, Cursor after, int limit) {
        requireAlive();
        return host.sandbox(id).map(found -> found.summaries(after, limit)).orElse(List.of());
    }

    @Override
    public boolean snapshotsAreCheap() {
        return host.snapshots().areCheap();
    }

    @Override
    public long takeSnapshot(SandboxId id, SnapshotId snapshot) {
        reach(Step.BEFORE_SNAPSHOT);
        long size = host.snapshots().take(sandbox(id).root(), snapshot);
        reach(Step.AFTER_SNAPSHOT);
        return size;
    }

    @Override
    public void restore(SandboxId id, SandboxSpec spec, SnapshotId snapshot) {
        reach(Step.BEFORE_RESTORE);
        sandbox(id).stop();
        host.snapshots().replace(sandbox(id).root(), snapshot);
        reach(Step.AFTER_RESTORE);
    }

    @Override
    public void deleteSnapshot(SnapshotId snapshot) {
        reach(Step.BEFORE_SNAPSHOT_DELETE);
        host.snapshots().delete(snapshot);
        reach(Step.AFTER_SNAPSHOT_DELETE);
    }

    /// All of its files: the images here are empty.
    @Override
    public void writeLayer(SnapshotId snapshot, OutputStream out) {
        requireAlive();
        host.snapshots().writeLayer(snapshot, out);
    }

    @Override
    public boolean compareSnapshots(
            Optional<SnapshotId> before,
            Optional<SnapshotId> after,
            String path,
            int entriesMax,
            FileDifference.Visitor visitor) {
        requireAlive();
        return host.snapshots().compare(before, after, path, visitor);
    }

    @Override
    public Set<SnapshotId> snapshots() {
        requireAlive();
        return host.snapshots().ids();
    }

    private FakeSandbox sandbox(SandboxId id) {
        return host.sandbox(id)
                .orElseThrow(() ->
                        new CarrelException(
                                ErrorCode.SANDBOX_FAILED,
                                "the disk of sandbox " + id + " is gone"));
    }

    /// Nobody counts.
    @Override
    public SandboxUsage usage(SandboxId id) {
        requireAlive();
        return SandboxUsage.NONE;
    }

    @Override
    public Set<SandboxId> remains() {
        requireAlive();
        return host.ids();
    }

    @Override
    public void close() {}

    private void reach(Step step) {
        requireAlive();
        try {
            host.reach(step);
        } catch (ServerDied e) {
            dead = true;
            throw e;
        }
    }

    private void requireAlive() {
        if (dead) {
            throw new ServerDied("earlier");
        }
    }
}
