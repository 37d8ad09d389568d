package dev.carrel.agent;

import dev.carrel.model.Cancellation;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// A cancellation that comes with another's, and by itself when a time is over. Closing it keeps it
/// from coming by itself.
final class TimeLimit implements AutoCloseable {
    private final Cancellation cancellation;
    private final Cancellation.Registration outer;
    private final CountDownLatch closed = new CountDownLatch(1);

    private TimeLimit(Cancellation cancellation, Cancellation.Registration outer) {
        this.cancellation = cancellation;
        this.outer = outer;
    }

    /// Without a time it is the other one.
    static TimeLimit of(Optional<Duration> time, Cancellation outer) {
        if (time.isEmpty()) {
            return new TimeLimit(outer, () -> {});
        }
        var own = new Cancellation();
        var limit = new TimeLimit(own, outer.onCancel(own::cancel));
        Thread.ofVirtual().name("time-limit").start(() -> limit.cancelAfter(time.get()));
        return limit;
    }

    Cancellation cancellation() {
        return cancellation;
    }

    private void cancelAfter(Duration time) {
        try {
            if (!closed.await(time.toMillis(), TimeUnit.MILLISECONDS)) {
                cancellation.cancel();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does
        }
    }

    @Override
    public void close() {
        closed.countDown();
        outer.close();
    }
}
