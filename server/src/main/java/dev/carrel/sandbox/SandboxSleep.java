package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Lets sandboxes sleep: frozen, saved to disk with their memory, or stopped.
final class SandboxSleep {
    private static final Logger LOG = LoggerFactory.getLogger(SandboxSleep.class);

    private final SandboxRuntime runtime;
    private final SandboxRows rows;
    private final SandboxLifecycle lifecycle;

    SandboxSleep(SandboxRuntime runtime, SandboxRows rows, SandboxLifecycle lifecycle) {
        this.runtime = runtime;
        this.rows = rows;
        this.lifecycle = lifecycle;
    }

    /// Freezes its processes; calls under way end before. Fails with `SANDBOX_NOT_RUNNING` when
    /// none run.
    void pause(LiveSandbox live) {
        live.exclusively(() -> {
            RunningSandbox running = requireRunning(live);
            if (!running.isPaused()) {
                live.settled(() -> {
                    running.pause();
                    return running;
                });
                FailPoint.PAUSE_HOST.reached();
            }
            return live.id();
        });
    }

    /// Stops it with its memory saved; calls under way end before. Does nothing when that is so.
    /// Fails with `NOT_SUPPORTED` where its isolation cannot do that, with `UNAVAILABLE` when calls
    /// take too long, and with `CONFLICT` when somebody waits for what it would end, or when this
    /// sandbox cannot be saved now: then it runs.
    void pauseToDisk(LiveSandbox live) {
        live.exclusively(() -> {
            requireSavable(live);
            if (live.running().isPresent() || !live.memory().saved()) {
                requireRunning(live);
                saveOrRun(live);
            }
            return live.id();
        });
    }

    private void requireSavable(LiveSandbox live) {
        Isolation level = live.spec().isolation();
        if (!runtime.savesMemory(level)) {
            throw CarrelException.ofParam(
                    ErrorCode.NOT_SUPPORTED,
                    "to_disk",
                    "sandboxes of isolation %s cannot be paused to disk; pause them in memory"
                            .formatted(level.wireName()));
        }
    }

    private static void requireNobodyWaits(LiveSandbox live) {
        if (live.activity().hasForeground()) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "somebody waits for a command in sandbox %s; wait for its end, or kill it"
                            .formatted(live.id()));
        }
        if (live.activity().isTransferring()) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "files of sandbox %s are being sent; wait for their end".formatted(live.id()));
        }
    }

    private void saveOrRun(LiveSandbox live) {
        Optional<String> why = live.activity().quietSoon(() -> save(live));
        FailPoint.SAVE_HOST.reached();
        if (why.isPresent()) {
            lifecycle.findOrStart(live);
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "sandbox %s cannot be paused to disk and runs on: %s"
                            .formatted(live.id(), why.get()));
        }
        live.becomeStopped(WhyStopped.PAUSED, SavedMemory.SAVED);
    }

    // Nothing begins from the check on until it has stopped: all of this is one moment to callers.
    private Optional<String> save(LiveSandbox live) {
        requireNobodyWaits(live);
        rows.setWhyStopped(live.id(), Optional.of(WhyStopped.PAUSED));
        FailPoint.SAVE_ROW.reached();
        live.becomeStopped(WhyStopped.PAUSED, SavedMemory.NONE);
        return runtime.saveMemory(live.id(), live.spec());
    }

    private RunningSandbox requireRunning(LiveSandbox live) {
        lifecycle.requireOpen();
        lifecycle.requirePresent(live);
        return live.running()
                .orElseThrow(() ->
                        new CarrelException(
                                ErrorCode.SANDBOX_NOT_RUNNING,
                                "sandbox %s is stopped: nothing runs in it that could be paused"
                                        .formatted(live.id())));
    }

    /// Pauses it if nobody has used it since `seen`. Returns whether it did.
    boolean pauseUnused(LiveSandbox live, Instant seen) {
        return live.exclusively(() -> {
            Optional<RunningSandbox> awake = live.running().filter(up -> !up.isPaused());
            return awake.map(up -> live.activity().unused(seen, up, up::pause)).orElse(false);
        });
    }

    /// Ends what runs in it if nobody has used it since `seen`, with its memory saved where that
    /// can be done. Returns whether it did.
    boolean stopUnused(LiveSandbox live, Instant seen) {
        return live.exclusively(() ->
                live.running()
                        .map(up -> live.activity().unused(seen, up, () -> stop(live)))
                        .orElse(false));
    }

    // The reason first: a crash in between leaves one that runs, and what runs has no reason.
    private void stop(LiveSandbox live) {
        rows.setWhyStopped(live.id(), Optional.of(WhyStopped.IDLE));
        FailPoint.STOP_ROW.reached();
        live.becomeStopped(WhyStopped.IDLE, SavedMemory.NONE);
        Optional<String> lost = Optional.empty();
        boolean saves = runtime.savesMemory(live.spec().isolation());
        if (saves) {
            lost = runtime.saveMemory(live.id(), live.spec());
            FailPoint.SAVE_HOST.reached();
        }
        if (!saves || lost.isPresent()) {
            lost.ifPresent(why -> LOG.info("sandbox {} stops without memory: {}", live.id(), why));
            runtime.stop(live.id());
        }
        live.becomeStopped(WhyStopped.IDLE, runtime.memory(live.id()));
        FailPoint.STOP_HOST.reached();
    }
}
