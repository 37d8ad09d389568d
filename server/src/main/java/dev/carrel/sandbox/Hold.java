package dev.carrel.sandbox;

import java.util.concurrent.atomic.AtomicBoolean;

/// Keeps a sandbox awake: until it is closed, the sandbox is neither paused nor stopped for being
/// idle, and counts as active. For what lasts longer than a call: a terminal, a stream, a watch, a
/// preview. Whoever holds a sandbox does not keep it from being deleted, or paused by a user; what
/// is typed or sent after that resumes it, like any use.
///
/// Any thread may use it. Closing twice does nothing.
public final class Hold implements AutoCloseable {
    /// What is held.
    interface Held {
        /// Wakes it for a call.
        RunningSandbox enter();

        /// The call has ended.
        void leave();

        void release();
    }

    private final Held held;
    private final AtomicBoolean closed = new AtomicBoolean();

    Hold(Held held) {
        this.held = held;
    }

    /// The sandbox, resumed if it was paused or stopped since; ask before each use, and do not keep
    /// it. Costs little when it is awake. Fails with `SANDBOX_NOT_FOUND` once it is deleted.
    public RunningSandbox running() {
        try (Call call = call()) {
            return call.sandbox();
        }
    }

    /// Begins a call, as [#running]: a pause waits for its end.
    public Call call() {
        return new Call(held.enter(), held::leave);
    }

    /// One short use, until it is closed.
    public record Call(RunningSandbox sandbox, Runnable end) implements AutoCloseable {
        @Override
        public void close() {
            end.run();
        }
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            held.release();
        }
    }
}
