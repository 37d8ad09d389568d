package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The machine under a [FakeRuntime]: its sandboxes stay when a runtime goes, so that a new runtime
/// on the same host plays a server that was started again. Tests make steps fail, wait or be the
/// last thing that a server did.
public final class FakeHost implements AutoCloseable {
    /// What a runtime does, and where something can be made to happen.
    public enum Step {
        BEFORE_CREATE,
        /// The disk is there, nothing runs yet.
        HALF_CREATED,
        AFTER_CREATE,
        BEFORE_START,
        AFTER_START,
        BEFORE_STOP,
        BEFORE_SAVE,
        AFTER_SAVE,
        /// A command is about to start in a sandbox that runs.
        BEFORE_EXECUTE,
        BEFORE_PAUSE,
        AFTER_PAUSE,
        BEFORE_RESUME,
        AFTER_RESUME,
        BEFORE_RESIZE,
        BEFORE_DESTROY,
        /// Nothing runs any more, the disk is still there.
        HALF_DESTROYED,
        AFTER_DESTROY,
        BEFORE_SNAPSHOT,
        AFTER_SNAPSHOT,
        BEFORE_RESTORE,
        /// The files are the new ones, nothing runs.
        AFTER_RESTORE,
        BEFORE_SNAPSHOT_DELETE,
        AFTER_SNAPSHOT_DELETE
    }

    /// Thrown where the server's process ends: no handler may get anything done after it.
    public static final class ServerDied extends Error {
        ServerDied(String when) {
            super("the server died " + when);
        }
    }

    private final Path directory;
    private final FakeSnapshots snapshots;
    private final Map<SandboxId, FakeSandbox> sandboxes = new ConcurrentHashMap<>();
    private volatile Optional<String> whyNotSaved = Optional.empty();
    // Both guarded by themselves.
    private final Map<Step, Runnable> actions = new EnumMap<>(Step.class);
    private final Map<Step, Integer> counts = new HashMap<>();

    /// `directory` exists and is this host's own.
    public FakeHost(Path directory) {
        this.directory = directory;
        this.snapshots = new FakeSnapshots(directory);
    }

    /// Runs `action` when a runtime next reaches `step`, once, on the runtime's thread; what it
    /// throws, the runtime throws.
    public void at(Step step, Runnable action) {
        synchronized (actions) {
            actions.put(step, action);
        }
    }

    public void failAt(Step step) {
        at(
                step,
                () -> {
                    throw new CarrelException(ErrorCode.SANDBOX_FAILED, "failed at " + step);
                });
    }

    /// The runtime that next reaches `step` throws [ServerDied], there and at every later call.
    public void dieAt(Step step) {
        at(
                step,
                () -> {
                    throw new ServerDied("at " + step);
                });
    }

    /// How often runtimes reached `step`.
    public int count(Step step) {
        synchronized (counts) {
            return counts.getOrDefault(step, 0);
        }
    }

    /// From now on no memory can be saved.
    public void refuseToSave(String why) {
        whyNotSaved = Optional.of(why);
    }

    /// From now on the runtime says that snapshots cost nothing, which is true of small tests.
    public void makeSnapshotsCheap() {
        snapshots.becomeCheap();
    }

    Optional<String> whyNotSaved() {
        return whyNotSaved;
    }

    /// Ends a sandbox as the death of its pid 1 would: unasked.
    public void killInit(SandboxId id) {
        Optional.ofNullable(sandboxes.get(id)).ifPresent(FakeSandbox::stop);
    }

    /// Kills what runs and removes all files.
    @Override
    public void close() {
        sandboxes.keySet().forEach(this::remove);
    }

    void reach(Step step) {
        synchronized (counts) {
            counts.merge(step, 1, Integer::sum);
        }
        Runnable action;
        synchronized (actions) {
            action = actions.remove(step);
        }
        if (action != null) {
            action.run();
        }
    }

    FakeSnapshots snapshots() {
        return snapshots;
    }

    FakeSandbox add(SandboxId id, SandboxSpec spec) {
        try {
            Path root = directory.resolve(id.value());
            var sandbox = new FakeSandbox(id, spec, root, this::reach);
            if (sandboxes.putIfAbsent(id, sandbox) != null) {
                throw new IllegalStateException(id + " exists already");
            }
            if (spec.snapshot().isPresent()) {
                snapshots.copyTo(root, spec.snapshot().get());
            } else {
                sandbox.makeDisk();
            }
            return sandbox;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Optional<FakeSandbox> sandbox(SandboxId id) {
        return Optional.ofNullable(sandboxes.get(id));
    }

    void remove(SandboxId id) {
        FakeSandbox sandbox = sandboxes.get(id);
        if (sandbox == null) {
            return;
        }
        sandbox.stop();
        try {
            sandbox.removeDisk();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        sandboxes.remove(id);
    }

    Set<SandboxId> ids() {
        return Set.copyOf(sandboxes.keySet());
    }
}
