package dev.carrel.http;

import io.helidon.common.buffers.DataReader;

/// Notices that the client of a stream has gone while its thread waits for something else, by
/// waiting for the end of what the client sends: a client with an open stream sends nothing more,
/// since the stream's end closes the connection. Wakes the stream's thread by an interrupt.
final class Watch {
    private final Thread handler;
    private final Object lock = new Object();
    private boolean finished; // guarded by lock
    private boolean writing; // guarded by lock
    private boolean missed; // guarded by lock: the interrupt that came while it was writing
    private volatile boolean gone;
    private volatile boolean closing;

    /// To be made by the stream's own thread.
    Watch() {
        handler = Thread.currentThread();
    }

    /// Begins to read, on a thread that ends with the connection. Nobody else reads from then on.
    void start(DataReader reader) {
        Thread.ofVirtual().name("sse-watch").start(() -> awaitEnd(reader));
    }

    private void awaitEnd(DataReader reader) {
        try {
            reader.ensureAvailable();
            // More than a request was sent: nothing more can be learned from reading.
        } catch (RuntimeException e) {
            gone(); // the end, or a broken connection
        }
    }

    void gone() {
        gone = true;
        wake();
    }

    void close() {
        closing = true;
        wake();
    }

    boolean isGone() {
        return gone;
    }

    boolean isClosing() {
        return closing;
    }

    private void wake() {
        synchronized (lock) {
            if (finished || Thread.currentThread().equals(handler)) {
                return;
            }
            if (writing) {
                missed = true;
            } else {
                handler.interrupt();
            }
        }
    }

    /// The handler's thread begins to write: an interrupt would make the channel close itself in
    /// mid-event, so none comes before [#written].
    void writing() {
        setWriting(true);
    }

    void written() {
        setWriting(false);
    }

    private void setWriting(boolean value) {
        if (!Thread.currentThread().equals(handler)) {
            return; // pings have a thread of their own, which nobody interrupts
        }
        synchronized (lock) {
            writing = value;
            if (missed && !writing) {
                missed = false;
                handler.interrupt();
            }
        }
    }

    /// No interrupt comes after this, and one that came is cleared.
    void finish() {
        synchronized (lock) {
            finished = true;
        }
        Thread.interrupted();
    }
}
