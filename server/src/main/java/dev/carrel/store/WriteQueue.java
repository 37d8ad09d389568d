package dev.carrel.store;

import dev.carrel.error.ErrorCode;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Writes on their way to the writer's thread, first come first served.
final class WriteQueue {
    private final int limit;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<PendingWrite<?>> waiting = new ArrayDeque<>();
    private boolean closed;

    WriteQueue(int limit) {
        this.limit = limit;
    }

    /// Fails with `UNAVAILABLE` when the queue is closed or stays full; then nothing was queued.
    void add(PendingWrite<?> write, Duration wait) {
        lock.lock();
        try {
            awaitRoom(wait.toNanos());
            waiting.addLast(write);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void awaitRoom(long nanos) {
        try {
            long left = nanos;
            while (!closed && waiting.size() >= limit && left > 0) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException(
                    ErrorCode.UNAVAILABLE, "interrupted while waiting for the database", e);
        }
        if (closed) {
            throw Store.closing();
        }
        if (waiting.size() >= limit) {
            throw new StoreException(
                    ErrorCode.UNAVAILABLE,
                    "the database is busy: "
                            + limit
                            + " writes wait already; nothing was changed: retry later");
        }
    }

    /// Takes back a write that waits too long; false when it is under way already.
    boolean remove(PendingWrite<?> write) {
        lock.lock();
        try {
            return waiting.remove(write);
        } finally {
            lock.unlock();
        }
    }

    /// Blocks until there is something; empty once the queue is closed and drained.
    List<PendingWrite<?>> take(int atMost) {
        var batch = new ArrayList<PendingWrite<?>>();
        lock.lock();
        try {
            while (waiting.isEmpty() && !closed) {
                changed.awaitUninterruptibly();
            }
            while (!waiting.isEmpty() && batch.size() < atMost) {
                batch.add(waiting.removeFirst());
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        return batch;
    }

    int size() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
