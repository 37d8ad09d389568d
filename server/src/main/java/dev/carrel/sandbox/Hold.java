package dev.carrel.sandbox;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/// Keeps a sandbox awake: until it is closed, the sandbox is neither paused nor stopped for being
/// idle, and counts as active. For what lasts longer than a call: a terminal, a stream, a watch, a
/// preview. Whoever holds a sandbox does not keep it from being deleted, or paused by a user.
///
/// Any thread may use it. Closing twice does nothing.
public final class Hold implements AutoCloseable {
    private final Supplier<RunningSandbox> running;
    private final Runnable release;
    private final AtomicBoolean closed = new AtomicBoolean();

    Hold(Supplier<RunningSandbox> running, Runnable release) {
        this.running = running;
        this.release = release;
    }

    /// The sandbox, resumed if it was paused or stopped since; ask before each use, and do not keep
    /// it. Fails with `SANDBOX_NOT_FOUND` once it is deleted.
    public RunningSandbox running() {
        return running.get();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            release.run();
        }
    }
}
