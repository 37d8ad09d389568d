package dev.carrel.model;

import java.util.ArrayList;
import java.util.List;

/// A request to stop, given once and never taken back. Whoever waits registers how to be woken.
///
/// Any thread may call any method. Hooks run on the thread that cancels, or at once if that has
/// happened already.
public final class Cancellation {
    /// Thrown by work that stopped because it was asked to; the caller knows why.
    public static final class CancelledException extends RuntimeException {
        public CancelledException() {
            super("cancelled");
        }
    }

    private final Object lock = new Object();
    private final List<Runnable> hooks = new ArrayList<>(); // guarded by lock
    private boolean cancelled; // guarded by lock

    public void cancel() {
        List<Runnable> run;
        synchronized (lock) {
            if (cancelled) {
                return;
            }
            cancelled = true;
            run = List.copyOf(hooks);
            hooks.clear();
        }
        run.forEach(Runnable::run);
    }

    public boolean isCancelled() {
        synchronized (lock) {
            return cancelled;
        }
    }

    public void throwIfCancelled() {
        if (isCancelled()) {
            throw new CancelledException();
        }
    }

    /// Runs `hook` when cancelled. Close the result to take it back; closing twice does nothing.
    public Registration onCancel(Runnable hook) {
        synchronized (lock) {
            if (!cancelled) {
                hooks.add(hook);
                return () -> {
                    synchronized (lock) {
                        hooks.remove(hook);
                    }
                };
            }
        }
        hook.run();
        return () -> {};
    }

    /// A hook that can be taken back.
    public interface Registration extends AutoCloseable {
        @Override
        void close();
    }
}
