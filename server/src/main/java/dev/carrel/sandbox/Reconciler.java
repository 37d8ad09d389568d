package dev.carrel.sandbox;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes host and database agree after a crash, a reboot or a plain restart.
record Reconciler(
        SandboxRuntime runtime,
        SandboxRows rows,
        SandboxRegistry registry,
        SandboxLifecycle lifecycle) {
    private static final Logger LOG = LoggerFactory.getLogger(Reconciler.class);

    /// Called once, before anything else.
    void reconcile(SandboxSettings settings, ExecutionLimits limits) {
        Set<SandboxId> onHost = runtime.remains();
        Set<SandboxId> unwanted = ConcurrentHashMap.newKeySet();
        unwanted.addAll(onHost);
        Set<SandboxId> pending = new HashSet<>();
        for (SandboxRow row : rows.all()) {
            if (row.state() == SandboxRow.State.READY && onHost.contains(row.id())) {
                registry.add(new LiveSandbox(row, settings, limits));
                unwanted.remove(row.id());
                if (row.pending()) {
                    pending.add(row.id());
                }
            } else {
                unwanted.add(row.id());
            }
        }
        Parallel.forEach(unwanted, lifecycle::discard);
        Parallel.forEach(registry.all(), live -> findAgain(live, pending.contains(live.id())));
        LOG.info(
                "sandboxes: {} kept, {} of them running, {} removed",
                registry.all().size(),
                registry.all().stream().filter(live -> live.running().isPresent()).count(),
                unwanted.size());
    }

    /// One that cannot be found is stopped, and starts again at its next use.
    private void findAgain(LiveSandbox live, boolean pending) {
        try {
            live.exclusively(() -> {
                Optional<WhyStopped> known = live.whyStopped();
                runtime.find(live.id(), live.spec())
                        .ifPresentOrElse(
                                live::setRunning,
                                () ->
                                        live.becomeStopped(
                                                known.orElse(WhyStopped.SERVER),
                                                runtime.memory(live.id())));
                if (!known.equals(live.whyStopped())) {
                    rows.setWhyStopped(live.id(), live.whyStopped());
                }
                if (pending) {
                    lifecycle.changes().applyAll(live);
                }
                return live.id();
            });
        } catch (RuntimeException e) {
            LOG.warn("sandbox {} could not be found again", live.id(), e);
        }
    }
}
