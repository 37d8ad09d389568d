package dev.carrel.client;

import dev.carrel.error.CarrelException;
import dev.carrel.wire.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/// A session's events, first those that happened, then live ones; it has no end of its own. When
/// the connection breaks or the server restarts, it goes on from the last journal entry seen:
/// entries come exactly once and in order, live deltas of the gap are lost.
///
/// One thread reads; any thread may close, which ends a waiting read.
public final class EventFeed implements Iterator<SessionEvent>, AutoCloseable {
    /// How often in a row a connection is tried before the server counts as gone.
    public static final int RECONNECTS_MAX = 20;

    private static final Duration PAUSE_FIRST = Duration.ofMillis(100);
    private static final Duration PAUSE_MAX = Duration.ofSeconds(3);

    private final LongFunction<InputStream> connect;
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile @Nullable SseReader reader;
    private @Nullable SessionEvent peeked;
    private long last;
    private int failures;

    /// `connect` opens the stream of what comes after a sequence number.
    EventFeed(long after, LongFunction<InputStream> connect) {
        this.last = after;
        this.connect = connect;
    }

    /// The sequence number of the last journal entry that was read.
    public long last() {
        return last;
    }

    /// Connects now instead of at the first event, so that no live delta of what comes after is
    /// lost. A server that cannot be reached is left to the first event, too.
    public void open() {
        if (reader == null && closed.getCount() > 0) {
            try {
                reader = new SseReader(connect.apply(last));
            } catch (UnreachableException e) {
                drop(); // The first event is waited for with more patience.
            }
        }
    }

    /// Blocks until there is an event; false once the feed is closed. Fails with
    /// [UnreachableException] when the server stays away, and with what the server says when the
    /// session is gone.
    @Override
    public boolean hasNext() {
        while (peeked == null && closed.getCount() > 0) {
            try {
                peeked = read().orElse(null);
            } catch (IOException | UnreachableException e) {
                drop();
                pause(e);
            }
        }
        return peeked != null && closed.getCount() > 0;
    }

    @Override
    public SessionEvent next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the feed is closed");
        }
        SessionEvent event = Objects.requireNonNull(peeked);
        peeked = null;
        return event;
    }

    /// One event, or empty when the stream has ended and another must be opened.
    private Optional<SessionEvent> read() throws IOException {
        SseReader open = reader;
        if (open == null) {
            open = new SseReader(connect.apply(last));
            reader = open;
        }
        Optional<SseReader.Item> item = open.next();
        if (item.isEmpty()) {
            throw new IOException("the stream ended");
        }
        failures = 0;
        if (item.get().name().equals("error")) {
            throw failure(item.get());
        }
        SessionEvent event = SessionEvent.of(Json.lenient().readTree(item.get().data()));
        if (event.seq().isEmpty()) {
            return Optional.of(event);
        }
        if (event.seq().getAsLong() <= last) {
            return Optional.empty();
        }
        last = event.seq().getAsLong();
        return Optional.of(event);
    }

    /// A stream that the server gave up, because this reader was slow or it is stopping, is one to
    /// open again; any other error is final.
    private static CarrelException failure(SseReader.Item item) throws IOException {
        CarrelException e = Transport.failure(0, item.data().getBytes(StandardCharsets.UTF_8));
        if (e.code().retryable()) {
            throw new IOException(e.text(), e);
        }
        return e;
    }

    private void pause(Exception e) {
        failures++;
        if (failures > RECONNECTS_MAX) {
            throw new UnreachableException(
                    "The event stream broke off and could not be opened again after "
                            + RECONNECTS_MAX
                            + " attempts",
                    e);
        }
        long millis =
                Math.min(PAUSE_MAX.toMillis(), PAUSE_FIRST.toMillis() << Math.min(failures - 1, 8));
        try {
            if (closed.await(millis, TimeUnit.MILLISECONDS)) {
                drop(); // in case a stream was opened while it was being closed
            }
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
            close();
        }
    }

    private void drop() {
        SseReader open = reader;
        reader = null;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                // It is being thrown away because it is broken.
            }
        }
    }

    /// Closing twice does nothing.
    @Override
    public void close() {
        closed.countDown();
        drop();
    }
}
