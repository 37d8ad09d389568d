package dev.carrel.sandbox;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// For how long a fake sandbox has stood still, so that timeouts do not count it. Any thread may
/// call it.
final class FakePauses {
    private long nanos;
    private long since;
    private boolean paused;

    synchronized void stop() {
        if (!paused) {
            since = System.nanoTime();
            paused = true;
        }
    }

    synchronized void goOn() {
        nanos = soFar();
        paused = false;
    }

    private synchronized long soFar() {
        return paused ? nanos + System.nanoTime() - since : nanos;
    }

    /// Waits for the end of a process, for `time` without the pauses; returns whether it ended.
    boolean await(Process process, Duration time) throws InterruptedException {
        long begun = System.nanoTime();
        long before = soFar();
        long left = time.toNanos();
        while (!process.waitFor(left, TimeUnit.NANOSECONDS)) {
            left = time.toNanos() + soFar() - before - (System.nanoTime() - begun);
            if (left <= 0) {
                return false;
            }
        }
        return true;
    }
}
