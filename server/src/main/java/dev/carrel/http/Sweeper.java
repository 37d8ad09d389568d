package dev.carrel.http;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks after the requests under way: cuts connections that are stuck, and lets silent streams say
/// that they are still there. One thread of its own; nothing in a sweep blocks it.
final class Sweeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Sweeper.class);

    private final Set<Swept> exchanges = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("http-sweeper").factory());
    private final Duration pingEvery;
    private final Duration stallMax;

    Sweeper(Duration pingEvery, Duration stallMax) {
        this.pingEvery = pingEvery;
        this.stallMax = stallMax;
    }

    void start() {
        long period = Math.max(10, Math.min(pingEvery.toMillis(), stallMax.toMillis()) / 10);
        var _ = timer.scheduleWithFixedDelay(this::sweep, period, period, TimeUnit.MILLISECONDS);
    }

    void add(Swept exchange) {
        exchanges.add(exchange);
    }

    void remove(Swept exchange) {
        exchanges.remove(exchange);
    }

    /// How many requests are under way.
    long size() {
        return exchanges.stream().filter(one -> !(one instanceof FrontConnection)).count();
    }

    /// Tells all streams to end.
    void closeStreams() {
        exchanges.forEach(Swept::closeStream);
    }

    private void sweep() {
        try {
            exchanges.forEach(exchange -> exchange.sweep(pingEvery, stallMax));
        } catch (RuntimeException e) {
            LOG.error("sweeping the open requests failed", e); // or the timer would stop for ever
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
