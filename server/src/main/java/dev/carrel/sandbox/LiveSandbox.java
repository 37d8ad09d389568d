package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.ProjectId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A sandbox that this server knows. Any thread reads it; what changes its life holds its lock.
final class LiveSandbox {
    /// Longer than any start or removal takes.
    private static final Duration LOCK_WAIT_MAX = Duration.ofSeconds(60);

    /// Where it is between birth and death; whether it runs, its runtime knows.
    private enum Phase {
        CREATING,
        READY,
        GONE
    }

    private final SandboxId id;
    private final ProjectId project;
    private final Instant createdAt;
    private final IdleRules idleByDefault;
    private final RunningExecutions executions;
    private final Activity activity;

    // Unlike other locks here, it is held over I/O: calls of the runtime must not overlap.
    private final ReentrantLock lock = new ReentrantLock(true);
    private volatile Phase phase = Phase.CREATING;
    private volatile SandboxSpec spec;
    private volatile Instant ttlFrom;
    private volatile Optional<WhyStopped> whyStopped;
    private volatile SavedMemory memory = SavedMemory.NONE;
    private final AtomicReference<@Nullable RunningSandbox> running = new AtomicReference<>();

    LiveSandbox(SandboxRow row, SandboxSettings settings, ExecutionLimits limits) {
        this.id = row.id();
        this.project = row.project().orElseThrow();
        this.spec = row.spec();
        this.createdAt = row.createdAt();
        this.ttlFrom = row.ttlFrom();
        this.whyStopped = row.whyStopped();
        this.idleByDefault = settings.idle();
        this.activity = new Activity(row.lastActiveAt());
        this.executions = new RunningExecutions(id, limits);
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

    Activity activity() {
        return activity;
    }

    /// The rules in force.
    IdleRules idle() {
        return spec.idle().orElse(idleByDefault);
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

    /// Does `work` alone, unless somebody else has the lock; returns whether it did.
    boolean ifFree(Runnable work) {
        if (!lock.tryLock()) {
            return false;
        }
        try {
            work.run();
            return true;
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

    /// Begins a call, if the sandbox can be used right now; then [Activity#leave] ends it.
    Optional<RunningSandbox> enter() {
        Optional<RunningSandbox> found = running();
        return found.filter(up -> activity.enter(() -> !up.isPaused()));
    }

    /// As [Activity#settled]; hold the lock.
    <T> T settled(Supplier<T> work) {
        return activity.settled(work);
    }

    void setRunning(RunningSandbox started) {
        setRunning(started, memory);
    }

    /// `became` says whether it went on with its memory.
    void setRunning(RunningSandbox started, SavedMemory became) {
        memory = new SavedMemory(false, became.lost());
        running.set(started);
        whyStopped = Optional.empty();
        // What is paused is not asked; its next command does.
        if (!started.isPaused()) {
            executions.adopt(started);
        }
    }

    /// It has turned out to have ended, whatever it says of itself.
    void dropRunning(RunningSandbox ended) {
        running.compareAndSet(ended, null);
    }

    void becomeReady(RunningSandbox started) {
        running.set(started);
        phase = Phase.READY;
    }

    void becomeStopped(WhyStopped why, SavedMemory became) {
        running.set(null);
        memory = became;
        whyStopped = Optional.of(why);
    }

    SavedMemory memory() {
        return memory;
    }

    Optional<WhyStopped> whyStopped() {
        return whyStopped;
    }

    void become(SandboxSpec changed, Instant newTtlFrom) {
        spec = changed;
        ttlFrom = newTtlFrom;
    }

    boolean isReady() {
        return phase == Phase.READY;
    }

    void becomeGone() {
        phase = Phase.GONE;
        executions.close();
    }

    boolean isGone() {
        return phase == Phase.GONE;
    }

    Instant ttlFrom() {
        return ttlFrom;
    }

    Optional<Instant> expiresAt() {
        return spec.ttl().map(ttlFrom::plus);
    }

    Sandbox snapshot() {
        SandboxState state = state();
        Optional<String> reason =
                state == SandboxState.STOPPED
                        ? Optional.of(whyStopped.orElse(WhyStopped.CRASHED).wireName())
                        : Optional.empty();
        return new Sandbox(
                id,
                project,
                spec,
                idle(),
                state,
                reason,
                memory,
                createdAt,
                activity.lastAt(),
                expiresAt(),
                Optional.empty());
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
