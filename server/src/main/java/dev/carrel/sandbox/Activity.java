package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// Who uses a sandbox, and since when nobody does. Any thread uses it without a lock; pauses and
/// stops hold the sandbox's.
final class Activity {
    private static final Duration CALLS_WAIT_MAX = Duration.ofSeconds(2);

    /// Of what must see no half of a call.
    private static final Duration QUIET_WAIT_MAX = Duration.ofSeconds(30);

    private static final Duration CALLS_CHECK = Duration.ofNanos(200_000);

    /// Calls under way that a pause must not cut in two.
    private final AtomicInteger calls = new AtomicInteger();

    /// What keeps it awake for longer than a call.
    private final AtomicInteger holds = new AtomicInteger();

    /// Content on its way in or out. Each is a hold, too.
    private final AtomicInteger transfers = new AtomicInteger();

    /// Commands that somebody waits for, or did when they were started.
    private final Set<Execution> foreground = ConcurrentHashMap.newKeySet();

    private volatile Instant lastAt;

    /// Of this, the database knows.
    private volatile Instant stored;

    /// New calls wait for the lock.
    private volatile boolean settling;

    Activity(Instant lastAt) {
        this.lastAt = lastAt;
        this.stored = lastAt;
    }

    Instant lastAt() {
        return lastAt;
    }

    void touch(Instant now) {
        lastAt = now;
    }

    /// The last activity, if the database is behind it by more than `lag`; then it counts as told.
    Optional<Instant> toStore(Duration lag) {
        Instant active = lastAt;
        if (Duration.between(stored, active).compareTo(lag) <= 0) {
            return Optional.empty();
        }
        stored = active;
        return Optional.of(active);
    }

    /// Begins a call unless the sandbox is being paused; [#leave] ends it. A pause that has begun
    /// sees the call, or the call sees the pause.
    boolean enter(BooleanSupplier awake) {
        calls.incrementAndGet();
        boolean entered = !settling && awake.getAsBoolean();
        if (!entered) {
            leave();
        }
        return entered;
    }

    /// As [#enter], by whoever has the lock and has woken it.
    void enterAwake() {
        calls.incrementAndGet();
    }

    void leave() {
        calls.decrementAndGet();
    }

    void hold() {
        holds.incrementAndGet();
    }

    void letGo() {
        holds.decrementAndGet();
    }

    void beginTransfer() {
        transfers.incrementAndGet();
    }

    void endTransfer() {
        transfers.decrementAndGet();
    }

    /// Whether content is on its way in or out now.
    boolean isTransferring() {
        return transfers.get() > 0;
    }

    /// Keeps it awake until the command ends. To be called within the call that starts it, so that
    /// a pause sees one of the two.
    void keepAwake(Execution execution) {
        foreground.removeIf(known -> !known.isRunning());
        if (execution.isRunning()) {
            foreground.add(execution);
        }
    }

    /// Whether somebody waits for a command now.
    boolean hasForeground() {
        foreground.removeIf(known -> !known.isRunning());
        return !foreground.isEmpty();
    }

    /// Whether something keeps it as it is, running or paused: a command that stands still does
    /// not, whoever waits for it.
    boolean keeps(RunningSandbox up) {
        return calls.get() > 0 || holds.get() > 0 || (hasForeground() && !up.isPaused());
    }

    /// Does `work` when the calls under way have ended, but waits no longer than for
    /// [#CALLS_WAIT_MAX]: what takes longer changes many files, and a pause does not hurt that.
    /// Transfers are no calls: a pause lets them go on.
    <T> T settled(Supplier<T> work) {
        settling = true;
        try {
            awaitCalls(CALLS_WAIT_MAX);
            return work.get();
        } finally {
            settling = false;
        }
    }

    /// Does `work` when the calls under way have ended, and no sooner: what copies a tree has half
    /// of it under another name until then. Fails with `UNAVAILABLE` when that takes too long.
    <T> T quiet(Supplier<T> work) {
        return quiet(work, QUIET_WAIT_MAX);
    }

    /// The same for who has no time.
    <T> T quietSoon(Supplier<T> work) {
        return quiet(work, CALLS_WAIT_MAX);
    }

    private <T> T quiet(Supplier<T> work, Duration waitMax) {
        settling = true;
        try {
            if (!awaitCalls(waitMax)) {
                throw new CarrelException(
                        ErrorCode.UNAVAILABLE,
                        "files of the sandbox have been copied or changed for more than %d s; retry"
                                        .formatted(waitMax.toSeconds())
                                + " later");
            }
            return work.get();
        } finally {
            settling = false;
        }
    }

    // Once there were none, whoever comes is turned away: what is counted after that is no call.
    private boolean awaitCalls(Duration longest) {
        long deadline = System.nanoTime() + longest.toNanos();
        while (calls.get() > 0) {
            if (System.nanoTime() >= deadline) {
                return false;
            }
            LockSupport.parkNanos(CALLS_CHECK.toNanos());
        }
        return true;
    }

    /// Does `work` if nobody has used the sandbox since `seen`, the last time it was used, and
    /// nothing keeps it as it is now.
    boolean unused(Instant seen, RunningSandbox up, Runnable work) {
        settling = true;
        try {
            if (keeps(up) || !lastAt.equals(seen)) {
                return false;
            }
            work.run();
            return true;
        } finally {
            settling = false;
        }
    }
}
