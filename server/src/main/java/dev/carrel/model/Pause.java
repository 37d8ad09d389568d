package dev.carrel.model;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// How time passes between attempts.
interface Pause {
    /// Waits on the calling thread.
    Pause REAL =
            (duration, cancellation) -> {
                var cancelled = new CountDownLatch(1);
                try (var _ = cancellation.onCancel(cancelled::countDown)) {
                    if (cancelled.await(duration.toNanos(), TimeUnit.NANOSECONDS)) {
                        throw new Cancellation.CancelledException();
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new Cancellation.CancelledException();
                }
            };

    /// Returns when `duration` is over. Fails with [Cancellation.CancelledException] as soon as
    /// `cancellation` is cancelled or the thread is interrupted.
    void pause(Duration duration, Cancellation cancellation);
}
