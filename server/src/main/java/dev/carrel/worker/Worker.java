package dev.carrel.worker;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.Models;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.session.Deployments;
import dev.carrel.session.Lease;
import dev.carrel.session.LeaseLostException;
import dev.carrel.session.SessionRemains;
import dev.carrel.session.Sessions;
import dev.carrel.session.TurnQueue;
import dev.carrel.store.StoreException;
import dev.carrel.tool.PostponedException;
import dev.carrel.tool.Tool;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs turns. One thread claims them and keeps their leases alive; each turn runs on a virtual
/// thread of its own.
///
/// Whether a turn is new, was parked by the last server or lost by one that was killed makes no
/// difference: it is claimed, and goes on from its journal.
public final class Worker {
    static final Duration FAILURE_PAUSE_MAX = Duration.ofMinutes(1);

    /// Between runs while the database cannot write. They are not counted: the turn is not at
    /// fault, and its end could not be written either.
    static final Duration STORE_PAUSE = Duration.ofSeconds(2);

    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

    private final TurnQueue turns;
    private final TurnRunner runner;
    private final SessionRemains remains;
    private final WorkerSettings settings;
    private final InstantSource clock;
    private final ConcurrentHashMap<Lease, Thread> runs = new ConcurrentHashMap<>();
    private Instant nextHeartbeat = Instant.MIN; // only the thread of the rounds touches it
    private volatile boolean closing;
    private volatile @Nullable Thread loop;

    public Worker(
            Sessions sessions,
            Deployments deployments,
            Models models,
            List<Tool> tools,
            Sandboxes sandboxes,
            WorkerSettings settings,
            InstantSource clock) {
        this.turns = sessions.turns();
        this.runner = new TurnRunner(sessions, deployments, models, tools, sandboxes);
        this.remains = new SessionRemains(sessions, sandboxes);
        this.settings = settings;
        this.clock = clock;
    }

    /// Begins to run turns, the unfinished ones of earlier servers first. Called once, when the
    /// sandboxes are reconciled.
    public void start() {
        if (settings.sharing() == WorkerSettings.Sharing.ALONE) {
            turns.voidLeases();
            remains.finish();
        }
        loop = Thread.ofVirtual().name("worker").start(this::loop);
    }

    /// Parks: claims no more, and lets go of the turns that run, as they are. They are neither
    /// completed nor interrupted, their commands run on, and whoever claims them goes on. Returns
    /// when all are let go of, or after `timeout`: a turn that did not stop by then can write
    /// nothing any more. Does nothing the second time.
    public void close(Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        closing = true;
        turns.announce();
        @Nullable Thread claiming = loop;
        if (claiming != null) {
            join(claiming, deadline);
        }
        Map<Lease, Thread> left = Map.copyOf(runs);
        left.keySet().forEach(lease -> lease.abandonment().cancel());
        left.forEach((lease, thread) -> {
            if (!join(thread, deadline)) {
                LOG.warn("turn {} did not stop within {}; its lease will expire", lease, timeout);
            }
        });
    }

    /// Turns that run here now.
    public int running() {
        return runs.size();
    }

    /// What the worker does again and again: say that it lives, and take what it can run.
    void round() {
        Instant now = clock.instant();
        if (!now.isBefore(nextHeartbeat)) {
            turns.renew(settings.lease());
            nextHeartbeat = now.plus(settings.heartbeat());
        }
        int free = settings.turnsAtOnce() - runs.size();
        if (free > 0 && !closing) {
            turns.claim(free, settings.lease()).forEach(this::start);
        }
    }

    private void loop() {
        try {
            while (!closing) {
                tryRound();
                turns.awaitNews(settings.poll());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Catches everything: a server whose worker has gone would look alive and run nothing.
    private void tryRound() {
        try {
            round();
        } catch (Throwable e) {
            LOG.error("the worker could not look for turns; it tries again", e);
        }
    }

    private void start(Lease lease) {
        Thread thread = Thread.ofVirtual().name(lease.turn().value()).unstarted(() -> run(lease));
        runs.put(lease, thread);
        thread.start();
        lease.abandonment().onCancel(thread::interrupt);
    }

    private void run(Lease lease) {
        try {
            runner.run(lease);
            release(lease, () -> turns.release(lease));
        } catch (Throwable e) {
            boolean interrupted = Thread.interrupted(); // giving back must not be
            if (interrupted || lease.abandonment().isCancelled() || isLoss(e)) {
                LOG.info("turn {} was let go of", lease);
                release(lease, () -> turns.release(lease));
            } else if (isStoreTrouble(e)) {
                LOG.warn("turn {} goes on in {}: {}", lease, STORE_PAUSE, e.getMessage());
                release(lease, () -> turns.postpone(lease, STORE_PAUSE));
            } else {
                LOG.error("turn {} failed unexpectedly", lease, e);
                release(lease, () -> fail(lease, e));
            }
        } finally {
            runs.remove(lease);
            turns.announce(); // there is room for another
        }
    }

    private static boolean isLoss(Throwable e) {
        return e instanceof LeaseLostException
                || (e instanceof CarrelException known
                        && known.code() == ErrorCode.SESSION_NOT_FOUND);
    }

    private static boolean isStoreTrouble(Throwable e) {
        return e instanceof StoreException || e instanceof PostponedException;
    }

    /// A turn that fails again and again ends with an error, so that no session is stuck for ever.
    private void fail(Lease lease, Throwable cause) {
        int failures = lease.failures() + 1;
        if (failures < settings.failuresMax()) {
            turns.releaseFailed(lease, pause(failures));
            return;
        }
        try {
            runner.giveUp(lease, cause);
            turns.release(lease);
        } catch (RuntimeException e) {
            turns.releaseFailed(lease, pause(failures));
            throw e;
        }
    }

    /// What cannot be given back comes back by itself when the lease expires.
    private static void release(Lease lease, Runnable release) {
        try {
            release.run();
        } catch (Throwable e) {
            LOG.error("turn {} could not be given back; its lease will expire", lease, e);
        }
    }

    /// Doubles with each failure, from a second to a minute.
    private static Duration pause(int failures) {
        Duration pause = Duration.ofSeconds(1L << Math.min(failures - 1, 10));
        return pause.compareTo(FAILURE_PAUSE_MAX) < 0 ? pause : FAILURE_PAUSE_MAX;
    }

    private static boolean join(Thread thread, long deadline) {
        try {
            return thread.join(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
