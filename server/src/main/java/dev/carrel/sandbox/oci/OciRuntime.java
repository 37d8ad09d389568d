package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionSummary;
import dev.carrel.sandbox.FileDifference;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.RunningSandbox;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxRuntime;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.sandbox.SandboxUsage;
import dev.carrel.sandbox.SavedMemory;
import dev.carrel.sandbox.SnapshotId;
import dev.carrel.store.Cursor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sandboxes on this host, each through the [Engine] of its isolation level. What one consists of
/// on the host:
///
/// - `<home>/sandboxes/<id>/`, made first and removed last: while it is there, the sandbox is;
/// - its disk in the [DiskStore];
/// - while it runs: control groups, the engine's state, a link to the bridge, and pid 1 with its
///   namespaces, in which alone the root file system is mounted.
///
/// Names follow from the id and the home, so that any half of it can be found and cleared.
public final class OciRuntime implements SandboxRuntime {
    private static final Logger LOG = LoggerFactory.getLogger(OciRuntime.class);

    private final OciSettings settings;
    private final Host host;
    private final DiskImages images;
    private final DiskSnapshots snapshots;
    private final Connections connections;
    private final Handles handles;
    private final Records records;
    private final Memories memories;

    private OciRuntime(OciSettings settings, Host host) {
        this.settings = settings;
        this.host = host;
        this.images = new DiskImages(settings.images(), host.disks(), host.instance());
        this.snapshots = new DiskSnapshots(host.disks(), images);
        this.connections = new Connections(host);
        this.handles = new Handles(host, images);
        this.memories = new Memories(host);
        this.records = new Records(host, connections, memories);
    }

    /// Takes the host over as an earlier process, or a reboot, left it: mounts the disks, sets the
    /// network up. Running sandboxes are not touched until they are asked for. Fails with
    /// `UNAVAILABLE` where the host lacks something; [HostChecks] says what.
    public static OciRuntime open(OciSettings settings) {
        try {
            var runtime = new OciRuntime(settings, Host.open(settings));
            runtime.images.tidy();
            return runtime;
        } catch (IOException e) {
            throw new CarrelException(
                    ErrorCode.UNAVAILABLE,
                    "this host cannot run sandboxes: %s; run `carrel doctor`, which may say more"
                            .formatted(e.getMessage()),
                    e);
        }
    }

    /// Whether disk limits are enforced; without btrfs they are not.
    public boolean enforcesDiskLimits() {
        return host.disks().hasQuota();
    }

    @Override
    public Optional<String> lacks(Isolation level) {
        return host.engines().lacks(level);
    }

    @Override
    public void check(NetworkPolicy policy) {
        host.uplinks().check(policy);
    }

    @Override
    public RunningSandbox create(SandboxId id, SandboxSpec spec) {
        host.gracePeriod().begin();
        SandboxFolder folder = host.instance().sandbox(id);
        return allOrNothing(
                id,
                "be created",
                this::destroy,
                () -> {
                    Files.createDirectories(folder.path().getParent());
                    Files.createDirectory(folder.path());
                    Engines.note(folder, spec.isolation());
                    snapshots.makeDisk(folder, spec);
                    return launch(folder, spec);
                });
    }

    @Override
    public RunningSandbox start(SandboxId id, SandboxSpec spec) {
        SandboxFolder folder = host.instance().sandbox(id);
        return allOrNothing(
                id,
                "be started",
                this::stop,
                () -> {
                    images.requireDisk(id);
                    end(folder);
                    return launch(folder, spec);
                });
    }

    /// `undo` when the work fails for whatever reason; its own failure is only noted, as the caller
    /// is told of the first.
    private static RunningSandbox allOrNothing(
            SandboxId id,
            String what,
            Consumer<SandboxId> undo,
            Failures.Work<RunningSandbox> work) {
        boolean complete = false;
        try {
            RunningSandbox sandbox = Failures.get(id, what, work);
            complete = true;
            return sandbox;
        } finally {
            if (!complete) {
                quietly(id, undo);
            }
        }
    }

    private static void quietly(SandboxId id, Consumer<SandboxId> removal) {
        try {
            removal.accept(id);
        } catch (CarrelException e) {
            LOG.error("parts of sandbox {} stay on the host until the next attempt", id, e);
        }
    }

    private RunningSandbox launch(SandboxFolder folder, SandboxSpec spec) throws IOException {
        host.uplinks().reserve(folder, spec.network());
        // Again, in case that it took longer than the grace period counts.
        host.gracePeriod().begin();
        int process = memories.up(folder, spec);
        RunningSandbox running = handles.of(connections.make(folder, process), folder.id(), spec);
        HostKeys.makeIfWanted(folder, running);
        return running;
    }

    @Override
    public Optional<RunningSandbox> find(SandboxId id, SandboxSpec spec) {
        return Failures.get(id, "be looked up", () -> findOnHost(id, spec));
    }

    private Optional<RunningSandbox> findOnHost(SandboxId id, SandboxSpec spec) throws IOException {
        Optional<Attached> found = connections.to(id);
        if (found.isEmpty()) {
            records.judgeLost(id);
            end(host.instance().sandbox(id));
            memories.clear(host.instance().sandbox(id));
            return Optional.empty();
        }
        handles.change(id, spec.network());
        return Optional.of(handles.of(found.get(), id, spec));
    }

    @Override
    public boolean isCurrent(SandboxId id, SandboxSpec spec) {
        return images.isCurrent(id, spec.image());
    }

    @Override
    public void resize(SandboxId id, Resources resources) {
        Failures.run(
                id,
                "get other limits",
                () -> {
                    host.disks().resize(id, resources.diskMib());
                    host.launch().resize(host.instance().sandbox(id), resources);
                });
    }

    @Override
    public void stop(SandboxId id) {
        Failures.run(
                id,
                "be stopped",
                () -> {
                    end(host.instance().sandbox(id));
                    host.disks().memories().delete(id);
                });
    }

    private void end(SandboxFolder folder) throws IOException {
        connections.expectEnd(folder.id());
        host.launch().kill(folder);
        connections.drop(folder.id());
        host.launch().clear(folder);
    }

    @Override
    public boolean savesMemory(Isolation level) {
        return host.engines().savesMemory(level);
    }

    @Override
    public Optional<String> saveMemory(SandboxId id, SandboxSpec spec) {
        SandboxFolder folder = host.instance().sandbox(id);
        return Failures.get(id, "be saved", () -> memories.save(folder, spec, connections));
    }

    @Override
    public SavedMemory memory(SandboxId id) {
        SandboxFolder folder = host.instance().sandbox(id);
        return Failures.get(id, "be looked up", () -> memories.of(folder));
    }

    @Override
    public void dropMemory(SandboxId id, String why) {
        SandboxFolder folder = host.instance().sandbox(id);
        Failures.run(id, "lose its memory", () -> memories.drop(folder, why));
    }

    @Override
    public void destroy(SandboxId id) {
        stop(id);
        Failures.run(
                id,
                "be deleted",
                () -> {
                    SandboxFolder folder = host.instance().sandbox(id);
                    host.disks().delete(id);
                    host.uplinks().release(folder);
                    Trees.delete(folder.path());
                });
    }

    @Override
    public Optional<Execution> execution(SandboxId id, ExecutionId execution) {
        return records.find(id, execution);
    }

    @Override
    public List<ExecutionSummary> executions(SandboxId id, Cursor after, int limit) {
        return records.page(id, after, limit);
    }

    @Override
    public boolean snapshotsAreCheap() {
        return host.disks().sharesFiles();
    }

    @Override
    public long takeSnapshot(SandboxId id, SnapshotId snapshot) {
        return Failures.get(id, "be saved", () -> snapshots.take(id, snapshot, connections.to(id)));
    }

    @Override
    public void restore(SandboxId id, SandboxSpec spec, SnapshotId snapshot) {
        stop(id);
        snapshots.restore(host.instance().sandbox(id), spec, snapshot);
    }

    @Override
    public void deleteSnapshot(SnapshotId snapshot) {
        snapshots.delete(snapshot);
    }

    @Override
    public void writeLayer(SnapshotId snapshot, OutputStream out) {
        snapshots.writeLayer(snapshot, out);
    }

    @Override
    public boolean compareSnapshots(
            Optional<SnapshotId> before,
            Optional<SnapshotId> after,
            String path,
            int entriesMax,
            FileDifference.Visitor visitor) {
        return snapshots.compare(before, after, path, entriesMax, visitor);
    }

    @Override
    public Set<SnapshotId> snapshots() {
        return snapshots.all();
    }

    @Override
    public SandboxUsage usage(SandboxId id) {
        var reader = new UsageReader(host.groups(), host.disks());
        return Failures.get(
                id,
                "be measured",
                () -> reader.read(id, connections.to(id).map(Attached::network)));
    }

    @Override
    public Set<SandboxId> remains() {
        try {
            return host.remains();
        } catch (IOException e) {
            throw new CarrelException(
                    ErrorCode.INTERNAL_ERROR, "the sandboxes on this host cannot be listed", e);
        }
    }

    @Override
    public void close() {
        close(Host.Left.ALL);
    }

    /// The same for a server that stops: what only sandboxes need goes with it if there are none.
    public void leave() {
        Host.Left left = Host.Left.ALL;
        try {
            left = remains().isEmpty() ? Host.Left.FILES : Host.Left.ALL;
        } finally {
            close(left);
        }
    }

    private void close(Host.Left left) {
        try {
            if (settings.temporary()) {
                try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                    remains().forEach(id -> threads.execute(() -> quietly(id, this::destroy)));
                }
            }
            connections.close();
        } finally {
            host.close(settings.temporary() ? Host.Left.NOTHING : left);
        }
    }
}
