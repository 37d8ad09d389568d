package dev.carrel.sandbox;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;

/// Brings sandboxes into being. A row is written before anything is made; what cannot be finished
/// is taken down again.
record SandboxBirths(
        SandboxRuntime runtime,
        SandboxRows rows,
        SandboxRegistry registry,
        SandboxLifecycle lifecycle) {
    /// Makes it, unless its owner has one: then nothing happens and that one is returned.
    Optional<LiveSandbox> create(SandboxRow row, LiveSandbox fresh) {
        return fresh.exclusively(() -> {
            Optional<LiveSandbox> other = registry.add(fresh);
            if (other.isEmpty()) {
                row.spec().owner().ifPresent(_ -> lifecycle.finishDiscards());
                bringUp(List.of(row), List.of(fresh), SandboxRow::spec);
            }
            return other;
        });
    }

    /// Makes sandboxes without owners, with the files of a snapshot that they will know nothing of:
    /// all of them or none, also after a crash.
    void createAll(List<SandboxRow> all, List<LiveSandbox> fresh, SnapshotId files) {
        exclusively(
                fresh,
                () -> {
                    fresh.forEach(registry::add);
                    bringUp(all, fresh, row -> row.spec().from(files, row.spec().image()));
                });
    }

    private static void exclusively(List<LiveSandbox> all, Runnable work) {
        if (all.isEmpty()) {
            work.run();
            return;
        }
        all.getFirst()
                .exclusively(() -> {
                    exclusively(all.subList(1, all.size()), work);
                    return all.getFirst();
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
        boolean taken = false;
        try {
            lifecycle.requireOpen();
            rows.take(row);
            taken = true;
            FailPoint.TAKE_ROW.reached();
            try {
                RunningSandbox bound = lifecycle.changes().bind(fresh, warm);
                FailPoint.TAKE_HOST.reached();
                fresh.becomeReady(bound);
            } catch (RuntimeException e) {
                lifecycle.discard(fresh.id());
                throw e;
            }
        } finally {
            if (!fresh.isReady()) {
                fresh.becomeGone();
                registry.remove(fresh);
                if (!taken) {
                    giveBack.accept(warm);
                }
            }
        }
    }

    /// One write makes all of them ready. Hold their locks.
    private void bringUp(
            List<SandboxRow> all, List<LiveSandbox> fresh, Function<SandboxRow, SandboxSpec> made) {
        try {
            lifecycle.requireOpen();
            Map<SandboxId, RunningSandbox> started = start(all, made);
            for (LiveSandbox live : fresh) {
                live.becomeReady(Objects.requireNonNull(started.get(live.id())));
            }
        } finally {
            for (LiveSandbox live : fresh) {
                if (!live.isReady()) {
                    live.becomeGone();
                    registry.remove(live);
                }
            }
        }
    }

    private Map<SandboxId, RunningSandbox> start(
            List<SandboxRow> all, Function<SandboxRow, SandboxSpec> made) {
        Map<SandboxId, RunningSandbox> started = new ConcurrentHashMap<>();
        Set<SandboxId> begun = ConcurrentHashMap.newKeySet();
        try {
            Parallel.forEach(
                    all,
                    row -> {
                        begun.add(row.id()); // a write that fails may have been done
                        rows.insert(row);
                        FailPoint.CREATE_ROW.reached();
                        started.put(row.id(), runtime.create(row.id(), made.apply(row)));
                        FailPoint.CREATE_HOST.reached();
                    });
            rows.setState(all.stream().map(SandboxRow::id).toList(), SandboxRow.State.READY);
            FailPoint.CREATE_READY.reached();
            return started;
        } catch (RuntimeException e) {
            Parallel.forEach(begun, lifecycle::discard);
            throw e;
        }
    }
}
