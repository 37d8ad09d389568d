package dev.carrel.http;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// What one end of a connection receives, in a buffer of fixed size. One thread reads at a time; a
/// second one may wait in [#awaitMore], and whoever reads then waits for that one.
public final class WireInput {
    private static final int BUFFER_BYTES = 16 << 10;

    private final InputStream in;

    /// Held over the read from the connection: two at once would mix what they get.
    private final ReentrantLock lock = new ReentrantLock();

    private byte[] buffer = new byte[BUFFER_BYTES]; // guarded by lock, as are the next three
    private int position;
    private int limit;
    private boolean ended;

    public WireInput(InputStream in) {
        this.in = in;
    }

    /// The bytes up to and with the next empty line; empty if the input ends before the first of
    /// them. `begun` runs when the first has come. Fails with [MalformedException] when there are
    /// more than `bytesMax`, or a line ends otherwise than with CR LF.
    public Optional<byte[]> readHead(int bytesMax, Runnable begun) throws IOException {
        lockNow();
        try {
            if (!fill()) {
                return Optional.empty();
            }
            begun.run();
            var head = new byte[1024];
            int size = 0;
            int lineStart = 0;
            while (true) {
                if (!fill()) {
                    throw new MalformedException("the message ends within its head");
                }
                if (size == bytesMax) {
                    throw new MalformedException("the head is longer than " + bytesMax + " bytes");
                }
                head = size == head.length ? Arrays.copyOf(head, 2 * size) : head;
                byte next = buffer[position++];
                head[size++] = next;
                if (next == '\n') {
                    if (size < 2 || head[size - 2] != '\r') {
                        throw new MalformedException("a line ends with LF and no CR before it");
                    }
                    if (size - lineStart == 2) {
                        return Optional.of(Arrays.copyOf(head, size));
                    }
                    lineStart = size;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /// Up to `length` bytes, at least one; -1 at the end.
    public int read(byte[] target, int offset, int length) throws IOException {
        lockNow();
        try {
            if (!fill()) {
                return -1;
            }
            int count = Math.min(length, limit - position);
            System.arraycopy(buffer, position, target, offset, count);
            position += count;
            return count;
        } finally {
            lock.unlock();
        }
    }

    /// Waits until there is something to read; false when the other side has gone instead.
    public boolean awaitMore() {
        try {
            lockNow();
        } catch (IOException e) {
            return false;
        }
        try {
            return fill();
        } catch (IOException e) {
            return false;
        } finally {
            lock.unlock();
        }
    }

    /// All that is there, at least a byte; empty at the end.
    Optional<byte[]> readSome() throws IOException {
        lockNow();
        try {
            if (!fill()) {
                return Optional.empty();
            }
            byte[] some = Arrays.copyOfRange(buffer, position, limit);
            position = limit;
            return Optional.of(some);
        } finally {
            lock.unlock();
        }
    }

    /// Puts bytes back, to be read before all others.
    void unread(byte[] bytes) throws IOException {
        lockNow();
        try {
            int rest = limit - position;
            var joined = new byte[Math.max(BUFFER_BYTES, bytes.length + rest)];
            System.arraycopy(bytes, 0, joined, 0, bytes.length);
            System.arraycopy(buffer, position, joined, bytes.length, rest);
            buffer = joined;
            position = 0;
            limit = bytes.length + rest;
        } finally {
            lock.unlock();
        }
    }

    /// Makes sure that there is something to read; false at the end.
    private boolean fill() throws IOException {
        if (position < limit) {
            return true;
        }
        if (ended) {
            return false;
        }
        int count = in.read(buffer, 0, buffer.length);
        position = 0;
        limit = Math.max(0, count);
        ended = count < 0;
        return !ended;
    }

    private void lockNow() throws IOException {
        try {
            lock.lockInterruptibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting to read", e);
        }
    }
}
