package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Execution.Stream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// What is known of an execution that runs, or ran a moment ago. Written by the thread that reads
/// pid 1's channel, awaited by any number of followers.
final class Watch {
    /// `changes` counts up with all that happens. `letGo` says that nothing will be heard any more,
    /// though the execution has not ended.
    record State(
            long changes,
            long drains,
            long stdoutBytes,
            long stderrBytes,
            Ending ending,
            Optional<LetGo> letGo) {
        long bytes(Stream stream) {
            return ending instanceof Ending.Running
                    ? stream == Stream.STDOUT ? stdoutBytes : stderrBytes
                    : RecordedExecution.end(ending, stream);
        }
    }

    private final ReentrantLock lock = new ReentrantLock();

    private final Condition changed = lock.newCondition();
    private State state;

    private Watch(long bytes) {
        this.state = new State(0, 0, bytes, bytes, new Ending.Running(), Optional.empty());
    }

    /// Of an execution about to be started, without output so far.
    static Watch fresh() {
        return new Watch(0);
    }

    /// Of one that runs already and may have written anything.
    static Watch adopted() {
        return new Watch(Long.MAX_VALUE);
    }

    State state() {
        lock.lock();
        try {
            return state;
        } finally {
            lock.unlock();
        }
    }

    /// Waits until something has happened since `seen`, or `wait` has passed.
    void awaitChange(State seen, Duration wait) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = wait.toNanos();
            while (state.changes == seen.changes && left > 0) {
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /// Waits until the command has been given all its input since `seen`, or has ended. Returns
    /// false when `wait` has passed.
    boolean awaitDrained(State seen, Duration wait) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = wait.toNanos();
            while (state.drains == seen.drains
                    && state.ending instanceof Ending.Running
                    && state.letGo.isEmpty()) {
                if (left <= 0) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    void drained() {
        lock.lock();
        try {
            state =
                    new State(
                            state.changes + 1,
                            state.drains + 1,
                            state.stdoutBytes,
                            state.stderrBytes,
                            state.ending,
                            state.letGo);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void wrote(Stream stream, long bytes) {
        lock.lock();
        try {
            set(
                    stream == Stream.STDOUT
                            ? Math.max(bytes, state.stdoutBytes)
                            : state.stdoutBytes,
                    stream == Stream.STDERR
                            ? Math.max(bytes, state.stderrBytes)
                            : state.stderrBytes,
                    state.ending,
                    state.letGo);
        } finally {
            lock.unlock();
        }
    }

    void wroteUnknown() {
        wrote(Stream.STDOUT, Long.MAX_VALUE);
        wrote(Stream.STDERR, Long.MAX_VALUE);
    }

    void ended(Ending ending) {
        lock.lock();
        try {
            set(state.stdoutBytes, state.stderrBytes, ending, state.letGo);
        } finally {
            lock.unlock();
        }
    }

    /// The first reason stands.
    void letGo(LetGo why) {
        lock.lock();
        try {
            set(
                    state.stdoutBytes,
                    state.stderrBytes,
                    state.ending,
                    Optional.of(state.letGo.orElse(why)));
        } finally {
            lock.unlock();
        }
    }

    private void set(long stdoutBytes, long stderrBytes, Ending ending, Optional<LetGo> letGo) {
        state = new State(state.changes + 1, state.drains, stdoutBytes, stderrBytes, ending, letGo);
        changed.signalAll();
    }
}
