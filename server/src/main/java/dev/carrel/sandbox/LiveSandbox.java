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

    /// What can be used right now.
    Optional<RunningSandbox> running() {
        return phase == Phase.READY
                ? Optional.ofNullable(running.get()).filter(RunningSandbox::isAlive)
                : Optional.empty();
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
        SandboxState state =
                phase == Phase.CREATING
                        ? SandboxState.CREATING
                        : running().isPresent() ? SandboxState.RUNNING : SandboxState.STOPPED;
        return new Sandbox(id, project, spec, state, createdAt, lastActiveAt, expiresAt());
    }
}
