package dev.carrel.sandbox;

import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;

/// Brings sandboxes into being. A row is written before anything is made; what cannot be finished
/// is taken down again.
record SandboxBirths(
        SandboxRuntime runtime,
        SandboxRows rows,
        SandboxRegistry registry,
        SandboxLifecycle lifecycle) {
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

    /// Makes one for nobody yet.
    WarmSandbox createWarm(SandboxSpec spec, Instant now) {
        lifecycle.requireOpen();
        SandboxId id = SandboxId.next();
        rows.insert(SandboxRow.warm(id, spec, now));
        try {
            RunningSandbox started = runtime.create(id, spec);
            rows.setState(id, SandboxRow.State.WARM);
            return new WarmSandbox(id, spec, started);
        } catch (RuntimeException e) {
            lifecycle.discard(id);
            throw e;
        }
    }

    /// As [#create], with a warm sandbox, which is given back if it is not needed.
    Optional<LiveSandbox> take(
            SandboxRow row, LiveSandbox fresh, WarmSandbox warm, Consumer<WarmSandbox> giveBack) {
        return fresh.exclusively(() -> {
            Optional<LiveSandbox> other = registry.add(fresh);
            if (other.isEmpty()) {
                bind(row, fresh, warm, giveBack);
            } else {
                giveBack.accept(warm);
            }
            return other;
        });
    }

    private void bind(
            SandboxRow row, LiveSandbox fresh, WarmSandbox warm, Consumer<WarmSandbox> giveBack) {
        boolean complete = false;
        try {
            lifecycle.requireOpen();
            rows.take(row);
            FailPoint.TAKE_ROW.reached();
            try {
                fresh.becomeReady(warm.running());
                lifecycle.changes().bind(fresh, warm);
                FailPoint.TAKE_HOST.reached();
                complete = true;
            } catch (RuntimeException e) {
                lifecycle.discard(fresh.id());
                throw e;
            }
        } finally {
            if (!complete) {
                boolean untouched = !fresh.isReady();
                fresh.becomeGone();
                registry.remove(fresh);
                if (untouched) {
                    giveBack.accept(warm);
                }
            }
        }
    }

    private void bringUp(SandboxRow row, LiveSandbox fresh, SandboxSpec made) {
        try {
            lifecycle.requireOpen();
            rows.insert(row);
            FailPoint.CREATE_ROW.reached();
            try {
                RunningSandbox started = runtime.create(fresh.id(), made);
                FailPoint.CREATE_HOST.reached();
                rows.setState(fresh.id(), SandboxRow.State.READY);
                FailPoint.CREATE_READY.reached();
                fresh.becomeReady(started);
            } catch (RuntimeException e) {
                lifecycle.discard(fresh.id());
                throw e;
            }
        } finally {
            if (!fresh.isReady()) {
                fresh.becomeGone();
                registry.remove(fresh);
            }
        }
    }
}
