package dev.carrel.sandbox;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Changes sandboxes that exist: the row first, then the host. A crash in between leaves a row that
/// says so, and the next server makes the host agree.
final class SandboxChanges {
    private static final Logger LOG = LoggerFactory.getLogger(SandboxChanges.class);

    private final SandboxRuntime runtime;
    private final SandboxRows rows;

    /// What rows do not know yet.
    private final Set<SandboxId> applied = ConcurrentHashMap.newKeySet();

    SandboxChanges(SandboxRuntime runtime, SandboxRows rows) {
        this.runtime = runtime;
        this.rows = rows;
    }

    /// All of it or, where the host refuses, nothing. Hold the lock.
    void change(LiveSandbox live, SandboxSpec wanted, Instant ttlFrom) {
        SandboxSpec before = live.spec();
        Instant ttlFromBefore = live.ttlFrom();
        write(live, wanted, ttlFrom);
        FailPoint.CHANGE_ROW.reached();
        boolean complete = false;
        try {
            apply(live, before, live.running()).ifPresent(live::setRunning);
            FailPoint.CHANGE_HOST.reached();
            complete = true;
        } finally {
            if (!complete) {
                write(live, before, ttlFromBefore);
                applyQuietly(live, wanted);
            }
        }
        if (!before.equals(wanted)) {
            rows.setApplied(live.id());
        }
    }

    /// Makes a warm sandbox what its new spec says, before anybody can use it; its row is marked
    /// already. Hold the lock.
    RunningSandbox bind(LiveSandbox live, WarmSandbox warm) {
        boolean same =
                warm.spec().resources().equals(live.spec().resources())
                        && warm.spec().network().equals(live.spec().network())
                        && warm.spec().env().equals(live.spec().env());
        RunningSandbox up = warm.running();
        RunningSandbox bound = same ? up : apply(live, warm.spec(), Optional.of(up)).orElse(up);
        applied.add(live.id());
        return bound;
    }

    /// Writes down what the host agrees with, later: nobody waits for it, and to do it again after
    /// a crash is harmless.
    void finish() {
        for (SandboxId id : List.copyOf(applied)) {
            rows.setApplied(id);
            applied.remove(id);
        }
    }

    /// Makes the host agree with the spec, whatever it knows of it.
    void applyAll(LiveSandbox live) {
        runtime.resize(live.id(), live.spec().resources());
        if (live.running().isPresent()) {
            findAgain(live).ifPresent(live::setRunning);
        }
        rows.setApplied(live.id());
    }

    private void write(LiveSandbox live, SandboxSpec spec, Instant ttlFrom) {
        rows.setSpec(live.id(), spec, ttlFrom);
        live.become(spec, ttlFrom);
    }

    /// Returns what is up then, if anything is. Commands get the environment that their sandbox was
    /// found with.
    private Optional<RunningSandbox> apply(
            LiveSandbox live, SandboxSpec before, Optional<RunningSandbox> up) {
        SandboxSpec spec = live.spec();
        if (!spec.resources().equals(before.resources())) {
            runtime.resize(live.id(), spec.resources());
        }
        if (!spec.network().equals(before.network())) {
            up.ifPresent(running -> running.change(spec.network()));
            dropUnusable(live, before);
        }
        return up.isPresent() && !spec.env().equals(before.env()) ? findAgain(live) : up;
    }

    // Better now, where whoever asks is told, than at the next start.
    private void dropUnusable(LiveSandbox live, SandboxSpec before) {
        boolean switched = live.spec().network().internet() != before.network().internet();
        if (switched && live.memory().saved()) {
            runtime.dropMemory(live.id(), "its network was switched while it was stopped");
            live.becomeStopped(
                    live.whyStopped().orElse(WhyStopped.PAUSED), runtime.memory(live.id()));
        }
    }

    /// This puts the network policy in force, too.
    private Optional<RunningSandbox> findAgain(LiveSandbox live) {
        return runtime.find(live.id(), live.spec());
    }

    private void applyQuietly(LiveSandbox live, SandboxSpec refused) {
        try {
            apply(live, refused, live.running()).ifPresent(live::setRunning);
            rows.setApplied(live.id());
        } catch (RuntimeException e) {
            LOG.warn("sandbox {} is not as before a change that failed", live.id(), e);
        }
    }
}
