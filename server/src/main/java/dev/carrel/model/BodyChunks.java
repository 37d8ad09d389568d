package dev.carrel.model;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// The body of an answer, piece by piece, for a reader that wants to wait only so long.
///
/// The HTTP client's threads deliver, one thread reads, any thread may close. At most one delivery
/// is held: the next is requested when the reader has taken the one before.
final class BodyChunks implements BodySubscriber<BodyChunks>, AutoCloseable {
    private sealed interface Delivery {}

    private record Bytes(List<ByteBuffer> buffers) implements Delivery {}

    private record End() implements Delivery {}

    private record Broken(Throwable cause) implements Delivery {}

    private final BlockingQueue<Delivery> deliveries = new LinkedBlockingQueue<>();
    private final Object lock = new Object();
    private @Nullable Subscription subscription; // guarded by lock
    private boolean closed; // guarded by lock
    private boolean ended; // only the reader

    /// The next piece, empty at the end. Fails when nothing came within `timeout`, when the
    /// connection broke and when it was closed by [#close].
    Optional<byte[]> next(Duration timeout)
            throws IOException, TimeoutException, InterruptedException {
        if (ended) {
            return Optional.empty();
        }
        Delivery delivery = deliveries.poll(timeout.toNanos(), TimeUnit.NANOSECONDS);
        return switch (delivery) {
            case null -> throw new TimeoutException();
            case Bytes(List<ByteBuffer> buffers) -> {
                request();
                yield Optional.of(joined(buffers));
            }
            case End() -> {
                ended = true;
                yield Optional.empty();
            }
            case Broken(Throwable cause) -> {
                ended = true;
                throw new IOException("the connection broke", cause);
            }
        };
    }

    /// Closes the connection unless the body was read to its end.
    @Override
    public void close() {
        Subscription cancel;
        synchronized (lock) {
            closed = true;
            cancel = subscription;
        }
        if (cancel != null) {
            cancel.cancel();
        }
        deliveries.add(new Broken(new IOException("closed")));
    }

    private void request() {
        Subscription from;
        synchronized (lock) {
            from = closed ? null : subscription;
        }
        if (from != null) {
            from.request(1);
        }
    }

    @Override
    public void onSubscribe(Subscription given) {
        boolean cancel;
        synchronized (lock) {
            subscription = given;
            cancel = closed;
        }
        if (cancel) {
            given.cancel();
        } else {
            given.request(1);
        }
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        deliveries.add(new Bytes(buffers));
    }

    @Override
    public void onError(Throwable cause) {
        deliveries.add(new Broken(cause));
    }

    @Override
    public void onComplete() {
        deliveries.add(new End());
    }

    @Override
    public CompletionStage<BodyChunks> getBody() {
        return CompletableFuture.completedFuture(this);
    }

    private static byte[] joined(List<ByteBuffer> buffers) {
        byte[] bytes = new byte[buffers.stream().mapToInt(ByteBuffer::remaining).sum()];
        int at = 0;
        for (ByteBuffer buffer : buffers) {
            int length = buffer.remaining();
            buffer.get(bytes, at, length);
            at += length;
        }
        return bytes;
    }
}
