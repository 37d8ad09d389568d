package dev.carrel.process;

import java.util.concurrent.atomic.AtomicBoolean;

/// An open file descriptor, closed on exec. Closing twice is harmless, also from two threads; using
/// it while another thread closes it is not, because the number may name another file by then.
public final class Fd implements AutoCloseable {
    /// Stands for the working directory in calls that take a directory and a path.
    public static final Fd CWD = new Fd(-100);

    private final int number;
    private final AtomicBoolean closed;

    Fd(int number) {
        this.number = number;
        this.closed = new AtomicBoolean(number < 0);
    }

    /// The bare number, for paths such as `/proc/self/fd/<n>`.
    public int number() {
        if (number >= 0 && closed.get()) {
            throw new IllegalStateException("the descriptor is closed");
        }
        return number;
    }

    public boolean isClosed() {
        return closed.get();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            Linux.close(number);
        }
    }

    @Override
    public String toString() {
        return "fd " + number;
    }
}
