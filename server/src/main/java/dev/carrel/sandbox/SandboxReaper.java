package dev.carrel.sandbox;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Does to sandboxes what time asks for: those past their ttl are deleted, those that nobody uses
/// are paused and stopped. One thread of its own goes round.
final class SandboxReaper implements AutoCloseable {
    private static final Duration ROUND_EVERY = Duration.ofSeconds(1);

    /// The database may be behind the last activity by this much: a command costs no write.
    private static final Duration ACTIVITY_LAG = Duration.ofMinutes(1);

    private static final Logger LOG = LoggerFactory.getLogger(SandboxReaper.class);

    private final SandboxRegistry registry;
    private final SandboxLifecycle lifecycle;
    private final SandboxSleep sleep;
    private final SandboxRows rows;
    private final Tombstones tombstones;
    private final InstantSource clock;

    /// Tries again what else could not be removed.
    private final Runnable finishOthers;

    private final CountDownLatch closed = new CountDownLatch(1);

    SandboxReaper(
            SandboxRegistry registry,
            SandboxLifecycle lifecycle,
            SandboxSleep sleep,
            SandboxRows rows,
            Tombstones tombstones,
            InstantSource clock,
            Runnable finishOthers) {
        this.registry = registry;
        this.lifecycle = lifecycle;
        this.sleep = sleep;
        this.rows = rows;
        this.tombstones = tombstones;
        this.clock = clock;
        this.finishOthers = finishOthers;
    }

    void start() {
        Thread.ofVirtual()
                .name("sandbox-reaper")
                .start(() -> {
                    while (!awaitClosed()) {
                        round();
                    }
                });
    }

    private boolean awaitClosed() {
        try {
            return closed.await(ROUND_EVERY.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            return true; // nobody interrupts this thread but a shutdown
        }
    }

    void round() {
        Instant now = clock.instant();
        for (LiveSandbox live : registry.all()) {
            // One that is being started or taken down is looked at in the next round.
            live.ifFree(() -> attempt(live, now));
        }
        attempt("finish what was begun", lifecycle::finish);
        attempt("remove what is left over", finishOthers);
        attempt("store the last activity", () -> storeActivity(ACTIVITY_LAG));
        attempt("remove old reasons", () -> tombstones.removeOld(now));
    }

    /// Whatever is wrong with one sandbox is nothing to the others.
    private void attempt(LiveSandbox live, Instant now) {
        try {
            look(live, now);
        } catch (RuntimeException e) {
            if (!live.isGone()) {
                // It counts as used, so that a lasting failure is not tried each second.
                live.activity().touch(now);
                LOG.warn("sandbox {} is left as it is for now", live.id(), e);
            }
        }
    }

    private static void attempt(String what, Runnable step) {
        try {
            step.run();
        } catch (RuntimeException e) {
            LOG.warn("the sandbox reaper could not {}, trying again", what, e);
        }
    }

    private void look(LiveSandbox live, Instant now) {
        if (live.expiresAt().map(end -> !end.isAfter(now)).orElse(false)) {
            LOG.info("sandbox {} has reached the end of its ttl", live.id());
            lifecycle.delete(live, DeletionReason.EXPIRED, now);
        } else {
            live.running().ifPresent(up -> idle(live, up, now));
        }
    }

    private void idle(LiveSandbox live, RunningSandbox up, Instant now) {
        Instant seen = live.activity().lastAt();
        IdleRules rules = live.idle();
        boolean stops = rules.stopAfter().map(after -> isOver(seen, after, now)).orElse(false);
        boolean pauses = rules.pauseAfter().map(after -> isOver(seen, after, now)).orElse(false);
        if (!stops && !pauses) {
            return;
        }
        if (live.activity().keeps(up)) {
            live.activity().touch(now);
        } else if (stops && sleep.stopUnused(live, seen)) {
            LOG.info("sandbox {} was not used since {} and is stopped", live.id(), seen);
        } else if (!stops && sleep.pauseUnused(live, seen)) {
            LOG.debug("sandbox {} was not used since {} and is paused", live.id(), seen);
        }
    }

    private static boolean isOver(Instant since, Duration after, Instant now) {
        return !since.plus(after).isAfter(now);
    }

    void storeActivity(Duration lag) {
        Map<SandboxId, Instant> times = new HashMap<>();
        for (LiveSandbox live : registry.all()) {
            live.activity().toStore(lag).ifPresent(time -> times.put(live.id(), time));
        }
        if (!times.isEmpty()) {
            rows.setLastActive(times);
        }
    }

    /// No round begins any more.
    @Override
    public void close() {
        closed.countDown();
    }
}
