package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.store.Ids;
import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What builds of images need of sandboxes and nobody else: sandboxes of images that are pinned
/// already, or of the files after an earlier step; and those files, kept by a key for the next
/// build. A sandbox of a build does not outlive the server. Any thread may call it.
public final class BuildSteps {
    /// The steps that a project has used last are kept.
    public static final int PER_PROJECT_MAX = 200;

    private static final String OWNER = "bld_";
    private static final Logger LOG = LoggerFactory.getLogger(BuildSteps.class);

    private final SandboxMaker maker;
    private final SandboxLifecycle lifecycle;
    private final SandboxRegistry registry;
    private final Snapshots snapshots;
    private final SandboxRuntime runtime;
    private final Supplier<Isolation> isolation;
    private final Rows rows;

    /// By build: what must not go while it runs.
    private final Map<String, Set<SnapshotId>> held = new ConcurrentHashMap<>();

    /// Where the steps are written down, and by which clock.
    record Rows(StepRows steps, SnapshotRows snapshots, InstantSource clock) {
        static Rows of(Store store, InstantSource clock) {
            return new Rows(new StepRows(store), new SnapshotRows(store), clock);
        }

        Instant now() {
            return Micros.toInstant(Micros.of(clock.instant()));
        }
    }

    BuildSteps(
            SandboxMaker maker,
            SandboxLifecycle lifecycle,
            SandboxRegistry registry,
            Snapshots snapshots,
            SandboxRuntime runtime,
            Supplier<Isolation> isolation,
            Rows rows) {
        this.maker = maker;
        this.lifecycle = lifecycle;
        this.registry = registry;
        this.snapshots = snapshots;
        this.runtime = runtime;
        this.isolation = isolation;
        this.rows = rows;
    }

    /// Makes a sandbox for a build, on a pinned image, with the files of a step if there is one. It
    /// goes after `ttl` if nobody deletes it before. Fails as [Sandboxes#create] does.
    public Sandbox begin(
            ProjectId project,
            String name,
            String pinnedImage,
            Optional<SnapshotId> step,
            NetworkPolicy network,
            Duration ttl) {
        SandboxSpec spec =
                SandboxSpec.defaults().toBuilder()
                        .name(Optional.of(name))
                        .image(pinnedImage)
                        .isolation(isolation.get())
                        .network(network)
                        .ttl(Optional.of(ttl))
                        .owner(Optional.of(Ids.next("bld")))
                        .snapshot(step)
                        .build();
        return maker.make(project, spec).snapshot();
    }

    /// The files that a step with this key has left. They stay until `build` has ended.
    public Optional<SnapshotId> find(String build, ProjectId project, String key) {
        Optional<SnapshotId> found = rows.steps().find(project, key);
        if (found.isEmpty()) {
            return found;
        }
        hold(build, found.get());
        // Whoever removes it says so first and then looks for holds: one of both sees the other.
        Optional<SnapshotId> still = rows.steps().find(project, key).filter(found.get()::equals);
        still.ifPresent(id -> rows.steps().touch(id, rows.now()));
        return still;
    }

    /// Keeps the files of a sandbox as they are now, in the place of what had this key. They stay
    /// until `build` has ended, and for as long as they are among those used last.
    public SnapshotId save(String build, ProjectId project, SandboxId sandbox, String key) {
        LiveSandbox live = registry.get(project, sandbox);
        SnapshotId id = SnapshotId.next();
        hold(build, id);
        live.exclusively(() -> {
            lifecycle.requireUsable(live);
            rows.steps().insert(project, id, sandbox, key, live.spec().image(), rows.now());
            boolean complete = false;
            try {
                rows.snapshots().becomeReady(id, lifecycle.save(live, id));
                complete = true;
            } finally {
                if (!complete) {
                    snapshots.discard(id);
                }
            }
            return id;
        });
        discard(rows.steps().replacedBy(project, key, id));
        discard(rows.steps().beyond(project, PER_PROJECT_MAX));
        return id;
    }

    private void hold(String build, SnapshotId id) {
        held.computeIfAbsent(build, absent -> ConcurrentHashMap.newKeySet()).add(id);
    }

    /// As [SandboxRuntime#writeLayer].
    public void writeLayer(SnapshotId step, OutputStream out) {
        runtime.writeLayer(step, out);
    }

    /// What was held for this build may go.
    public void end(String build) {
        held.remove(build);
    }

    /// Removes the steps, of one project or of all, that nobody has used for so long; returns how
    /// many.
    public int prune(Optional<ProjectId> project, Duration unusedFor) {
        return discard(rows.steps().unusedSince(project, rows.now().minus(unusedFor)));
    }

    private int discard(List<SnapshotId> steps) {
        int count = 0;
        for (SnapshotId id : steps) {
            if (!isHeld(id) && rows.steps().condemn(id)) {
                if (isHeld(id)) {
                    rows.steps().spare(id); // since then
                } else {
                    snapshots.discard(id);
                    count++;
                }
            }
        }
        return count;
    }

    private boolean isHeld(SnapshotId id) {
        return held.values().stream().anyMatch(kept -> kept.contains(id));
    }

    /// Removes the sandboxes of builds that died with an earlier server. Called once, before
    /// anything else.
    void reconcile() {
        for (LiveSandbox live : registry.all()) {
            Optional<String> owner = live.spec().owner().filter(name -> name.startsWith(OWNER));
            if (owner.isPresent()) {
                try {
                    lifecycle.delete(live, DeletionReason.withOwner(owner.get()), rows.now());
                } catch (CarrelException e) {
                    LOG.warn("the sandbox of a build stays until its ttl: {}", live.id(), e);
                }
            }
        }
    }
}
