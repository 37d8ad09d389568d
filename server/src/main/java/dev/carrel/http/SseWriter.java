package dev.carrel.http;

import io.helidon.webserver.ServerConnectionException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Writes one event stream (WHATWG HTML, 9.2). The request's thread sends events, a thread of the
/// [Sweeper]'s sends a ping after a silence.
final class SseWriter implements EventSink {
    private static final byte[] PING = ": ping\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] OPEN = ": open\n\n".getBytes(StandardCharsets.US_ASCII);

    /// Held while writing, I/O included: events must not mix on the wire. Whoever pings gives up
    /// when somebody writes.
    private final ReentrantLock lock = new ReentrantLock();

    private final Supplier<OutputStream> head;
    private final Watch watch;
    private final Progress progress;
    private @Nullable OutputStream out; // guarded by lock
    private volatile boolean opened;
    private volatile long lastWriteNanos = System.nanoTime();

    /// `head` sends the answer's head and gives the way to the body.
    SseWriter(Supplier<OutputStream> head, Watch watch, Progress progress) {
        this.head = head;
        this.watch = watch;
        this.progress = progress;
    }

    @Override
    public void send(String data) {
        write(bytes(new StringBuilder(), data));
    }

    @Override
    public void send(String name, String data) {
        write(bytes(new StringBuilder().append("event: ").append(name).append('\n'), data));
    }

    @Override
    public void send(long id, String name, String data) {
        send(Long.toString(id), name, data);
    }

    @Override
    public void send(String id, String name, String data) {
        var text = new StringBuilder().append("id: ").append(id);
        write(bytes(text.append("\nevent: ").append(name).append('\n'), data));
    }

    @Override
    public void open() {
        if (!opened) {
            write(OPEN);
        }
    }

    @Override
    public boolean isOpen() {
        return opened;
    }

    @Override
    public boolean isClientGone() {
        return watch.isGone();
    }

    @Override
    public boolean isClosing() {
        return watch.isClosing();
    }

    /// Sends a comment if nothing was sent for `silence`. Does not wait for other writers.
    void pingAfter(Duration silence) {
        if (isSilent(silence) && lock.tryLock()) {
            try {
                write(PING);
            } catch (ClientGoneException e) {
                watch.gone();
            } finally {
                lock.unlock();
            }
        }
    }

    boolean isSilent(Duration silence) {
        return System.nanoTime() - lastWriteNanos > silence.toNanos();
    }

    private void write(byte[] bytes) {
        watch.writing();
        // One that came before would close the channel as well; whoever waits next sees it.
        boolean interrupted = Thread.interrupted();
        lock.lock();
        progress.blocked();
        try {
            if (watch.isGone()) {
                throw new ClientGoneException(null);
            }
            if (out == null) {
                out = head.get();
            }
            opened = true;
            out.write(bytes);
            out.flush();
            lastWriteNanos = System.nanoTime();
        } catch (IOException | UncheckedIOException | ServerConnectionException e) {
            watch.gone();
            throw new ClientGoneException(e);
        } finally {
            progress.moved();
            lock.unlock();
            watch.written();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// A line break inside `data` would end the event: each line gets its own field.
    private static byte[] bytes(StringBuilder text, String data) {
        data.lines().forEach(line -> text.append("data: ").append(line).append('\n'));
        if (data.isEmpty()) {
            text.append("data:\n");
        }
        return text.append('\n').toString().getBytes(StandardCharsets.UTF_8);
    }
}
