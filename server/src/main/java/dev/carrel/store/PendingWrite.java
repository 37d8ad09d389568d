package dev.carrel.store;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One write and its outcome. The writer's thread runs it and settles it once; its caller waits.
final class PendingWrite<T> {
    private final Work<T> work;
    private final CountDownLatch settled = new CountDownLatch(1);
    private @Nullable T value;
    private @Nullable Throwable failure;

    PendingWrite(Work<T> work) {
        this.work = work;
    }

    void run(Link link) {
        value = link.run(work);
    }

    void fail(Throwable why) {
        failure = why;
        settled.countDown();
    }

    void succeed() {
        settled.countDown();
    }

    /// Waits through interrupts, restoring the flag; false when `wait` has passed.
    boolean await(Duration wait) {
        long end = System.nanoTime() + wait.toNanos();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return settled.await(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// What the work returned or threw, once settled.
    @SuppressWarnings("NullAway") // the value is null only where T itself is nullable
    T outcome() {
        switch (failure) {
            case null -> {
                return value;
            }
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case Throwable e -> throw new IllegalStateException(e); // a work throws no checked one
        }
    }
}
