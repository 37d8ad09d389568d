package dev.carrel.store;

import dev.carrel.error.ErrorCode;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// Read-only sessions with the database, opened when first needed. Each is used by one thread at a
/// time; more threads wait.
final class Readers implements AutoCloseable {
    static final int CONNECTIONS = 8;
    private static final Duration WAIT_MAX = Duration.ofSeconds(10);

    private final Dialect dialect;
    private final Semaphore permits = new Semaphore(CONNECTIONS, true);
    private final ConcurrentLinkedDeque<Link> idle = new ConcurrentLinkedDeque<>();
    private volatile boolean closed;

    Readers(Dialect dialect) {
        this.dialect = dialect;
    }

    <T> T run(Work<T> work) {
        acquire();
        try {
            if (closed) {
                throw Store.closing();
            }
            Link pooled = idle.pollFirst();
            return runOn(pooled == null ? new Link(dialect.openReader()) : pooled, work);
        } catch (RuntimeException e) {
            throw Dialect.translate(e).map(RuntimeException.class::cast).orElse(e);
        } finally {
            permits.release();
        }
    }

    /// The first link of the deque is the one used last: its page cache is warm.
    private <T> T runOn(Link link, Work<T> work) {
        boolean healthy = false;
        try {
            link.execute(Dialect.BEGIN_READ);
            try {
                return link.run(work);
            } finally {
                link.execute("ROLLBACK");
                healthy = true;
            }
        } finally {
            if (healthy) {
                idle.addFirst(link);
            } else {
                link.close();
            }
        }
    }

    private void acquire() {
        try {
            if (!permits.tryAcquire(WAIT_MAX.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new StoreException(
                        ErrorCode.UNAVAILABLE,
                        "the database is busy: no reader came free within "
                                + WAIT_MAX.toSeconds()
                                + " s; retry later");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException(
                    ErrorCode.UNAVAILABLE, "interrupted while waiting for the database", e);
        }
    }

    /// Waits for running reads, but not for ever.
    @Override
    public void close() {
        closed = true;
        boolean all = false;
        try {
            all = permits.tryAcquire(CONNECTIONS, WAIT_MAX.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (Link link = idle.pollFirst(); link != null; link = idle.pollFirst()) {
            link.close();
        }
        if (all) {
            permits.release(CONNECTIONS);
        }
    }
}
