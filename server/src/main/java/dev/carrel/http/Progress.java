package dev.carrel.http;

import java.time.Duration;

/// Since when a connection has been stuck in one read or write. Set by the request's thread, read
/// by the [Sweeper].
final class Progress {
    private static final long NOT_BLOCKED = 0;

    private volatile long blockedSinceNanos = NOT_BLOCKED;

    void blocked() {
        long now = System.nanoTime();
        blockedSinceNanos = now == NOT_BLOCKED ? 1 : now;
    }

    void moved() {
        blockedSinceNanos = NOT_BLOCKED;
    }

    boolean isStuck(Duration limit) {
        long since = blockedSinceNanos;
        return since != NOT_BLOCKED && System.nanoTime() - since > limit.toNanos();
    }
}
