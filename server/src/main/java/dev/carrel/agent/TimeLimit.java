package dev.carrel.agent;

import dev.carrel.model.Cancellation;
import dev.carrel.tool.LimitedContext;
import dev.carrel.tool.ToolContext;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// A cancellation that comes with another's, and by itself when a time is over. Closing it keeps it
/// from coming by itself.
final class TimeLimit implements AutoCloseable {
    private final Cancellation cancellation;
    private final Cancellation outer;
    private final Cancellation.Registration link;
    private final Duration time;
    private final CountDownLatch closed = new CountDownLatch(1);

    private TimeLimit(
            Cancellation cancellation,
            Cancellation outer,
            Cancellation.Registration link,
            Duration time) {
        this.cancellation = cancellation;
        this.outer = outer;
        this.link = link;
        this.time = time;
    }

    /// Without a time it is the other one.
    static TimeLimit of(Optional<Duration> time, Cancellation outer) {
        if (time.isEmpty()) {
            return new TimeLimit(outer, outer, () -> {}, Duration.ZERO);
        }
        var own = new Cancellation();
        var limit = new TimeLimit(own, outer, outer.onCancel(own::cancel), time.get());
        Thread.ofVirtual().name("time-limit").start(() -> limit.cancelWhenOver());
        return limit;
    }

    /// No time at all.
    static TimeLimit over(Cancellation outer) {
        var own = new Cancellation();
        own.cancel();
        return new TimeLimit(own, outer, () -> {}, Duration.ZERO);
    }

    Cancellation cancellation() {
        return cancellation;
    }

    /// The context of a call that this stops, too.
    ToolContext around(ToolContext context) {
        return cancellation == outer ? context : new LimitedContext(context, cancellation);
    }

    /// Whether it came because the time was over.
    boolean isOver() {
        return cancellation.isCancelled() && !outer.isCancelled();
    }

    /// What a call has taken by its own clock: all of the time, where that is why it ended.
    Duration taken(Duration measured) {
        return isOver() && measured.compareTo(time) < 0 ? time : measured;
    }

    private void cancelWhenOver() {
        try {
            if (!closed.await(time.toNanos(), TimeUnit.NANOSECONDS)) {
                cancellation.cancel();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does
        }
    }

    @Override
    public void close() {
        closed.countDown();
        link.close();
    }
}
