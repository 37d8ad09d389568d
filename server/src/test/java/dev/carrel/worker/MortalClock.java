package dev.carrel.worker;

import java.time.Instant;
import java.time.InstantSource;

/// The clock of a server that dies: from then on no journal entry can be written, because each asks
/// for its time in its transaction.
final class MortalClock implements InstantSource {
    static final class ServerDied extends Error {
        ServerDied() {
            super("the server of the test died");
        }
    }

    private final InstantSource time;
    private final long appendsMax;
    private long appends; // guarded by this
    private boolean dead; // guarded by this

    /// Dies in the append after the first `appendsMax` ones, before it takes effect.
    MortalClock(InstantSource time, long appendsMax) {
        this.time = time;
        this.appendsMax = appendsMax;
    }

    synchronized boolean dead() {
        return dead;
    }

    synchronized void die() {
        dead = true;
    }

    @Override
    public synchronized Instant instant() {
        if (Thread.currentThread().getName().equals("carrel-store-writer")) {
            dead |= ++appends > appendsMax;
        }
        if (dead) {
            throw new ServerDied();
        }
        return time.instant();
    }
}
