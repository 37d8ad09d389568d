package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.ProjectId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A sandbox that this server knows. Any thread reads it; what changes its life holds its lock.
final class LiveSandbox {
    /// Longer than any start or removal takes.
    private static final Duration LOCK_WAIT_MAX = Duration.ofSeconds(60);

    private static final Duration CALLS_WAIT_MAX = Duration.ofSeconds(2);
    private static final Duration CALLS_CHECK = Duration.ofNanos(200_000);

    /// Where it is between birth and death; whether it runs, its runtime knows.
    private enum Phase {
        CREATING,
        READY,
        GONE
    }

    private final SandboxId id;
    private final ProjectId project;
    private final SandboxSpec spec;
    private final Instant createdAt;
    private final RunningExecutions executions;

    // Unlike other locks here, it is held over I/O: calls of the runtime must not overlap.
    private final ReentrantLock lock = new ReentrantLock(true);
    private volatile Phase phase = Phase.CREATING;
    private final AtomicReference<@Nullable RunningSandbox> running = new AtomicReference<>();
    private volatile Instant lastActiveAt;

    /// Of this, the database knows.
    private volatile Instant lastActiveStored;

    /// Calls under way that a pause must not cut in two.
    private final AtomicInteger calls = new AtomicInteger();

    /// What keeps it awake for longer than a call.
    private final AtomicInteger holds = new AtomicInteger();

    /// New calls wait for the lock.
    private volatile boolean settling;

    LiveSandbox(SandboxRow row, int executionsAtOnceMax) {
        this.id = row.id();
        this.project = row.project();
        this.spec = row.spec();
        this.createdAt = row.createdAt();
        this.lastActiveAt = row.lastActiveAt();
        this.lastActiveStored = row.lastActiveAt();
        this.executions = new RunningExecutions(id, executionsAtOnceMax);
        if (row.state() == SandboxRow.State.READY) {
            phase = Phase.READY;
        }
    }

    SandboxId id() {
        return id;
    }

    ProjectId project() {
        return project;
    }

    SandboxSpec spec() {
        return spec;
    }

    Instant createdAt() {
        return createdAt;
    }

    RunningExecutions executions() {
        return executions;
    }

    /// Runs alone among all that want the lock. Fails with `UNAVAILABLE` when it does not come free
    /// in time.
    <T> T exclusively(Supplier<T> work) {
        try {
            if (!lock.tryLock(LOCK_WAIT_MAX.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new CarrelException(
                        ErrorCode.UNAVAILABLE,
                        "sandbox %s has been starting or ending for more than %d s; retry later"
                                .formatted(id, LOCK_WAIT_MAX.toSeconds()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CarrelException(
                    ErrorCode.UNAVAILABLE, "interrupted while waiting for sandbox " + id, e);
        }
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    /// What is up right now, paused or not.
    Optional<RunningSandbox> running() {
        return phase == Phase.READY
                ? Optional.ofNullable(running.get()).filter(RunningSandbox::isAlive)
                : Optional.empty();
    }

    /// Begins a call, if that can be used right now and is not being paused; then [#leave] ends it.
    /// A pause that has begun sees the call, or the call sees the pause.
    Optional<RunningSandbox> enter() {
        calls.incrementAndGet();
        Optional<RunningSandbox> awake =
                settling ? Optional.empty() : running().filter(found -> !found.isPaused());
        if (awake.isEmpty()) {
            leave();
        }
        return awake;
    }

    /// As [#enter], by whoever has the lock and has woken it.
    void enterAwake() {
        calls.incrementAndGet();
    }

    void leave() {
        calls.decrementAndGet();
    }

    /// Does `work` when the calls under way have ended, but waits no longer than for
    /// [#CALLS_WAIT_MAX]: what takes longer is a transfer of files, which a pause does not hurt.
    /// Hold the lock.
    void settled(Runnable work) {
        settling = true;
        try {
            long deadline = System.nanoTime() + CALLS_WAIT_MAX.toNanos();
            while (calls.get() > 0 && System.nanoTime() < deadline) {
                LockSupport.parkNanos(CALLS_CHECK.toNanos());
            }
            work.run();
        } finally {
            settling = false;
        }
    }

    void hold() {
        holds.incrementAndGet();
    }

    void letGo() {
        holds.decrementAndGet();
    }

    void setRunning(RunningSandbox started) {
        running.set(started);
    }

    /// It has turned out to have ended, whatever it says of itself.
    void dropRunning(RunningSandbox ended) {
        running.compareAndSet(ended, null);
    }

    void becomeReady(RunningSandbox started) {
        running.set(started);
        phase = Phase.READY;
    }

    boolean isReady() {
        return phase == Phase.READY;
    }

    void becomeGone() {
        phase = Phase.GONE;
    }

    boolean isGone() {
        return phase == Phase.GONE;
    }

    /// Fails with `SANDBOX_NOT_FOUND` once it is deleted, or could not be made. Hold the lock.
    void requirePresent() {
        if (phase != Phase.READY) {
            throw SandboxRegistry.notFound(id);
        }
    }

    void touch(Instant now) {
        lastActiveAt = now;
    }

    /// The last activity, if the database is behind it by more than `lag`; then it counts as told.
    Optional<Instant> activityToStore(Duration lag) {
        Instant active = lastActiveAt;
        if (Duration.between(lastActiveStored, active).compareTo(lag) <= 0) {
            return Optional.empty();
        }
        lastActiveStored = active;
        return Optional.of(active);
    }

    Optional<Instant> expiresAt() {
        return spec.ttl().map(createdAt::plus);
    }

    Sandbox snapshot() {
        return new Sandbox(id, project, spec, state(), createdAt, lastActiveAt, expiresAt());
    }

    private SandboxState state() {
        if (phase == Phase.CREATING) {
            return SandboxState.CREATING;
        }
        return running()
                .map(found -> found.isPaused() ? SandboxState.PAUSED : SandboxState.RUNNING)
                .orElse(SandboxState.STOPPED);
    }
}
