package dev.carrel.store;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/// Time that moves only by [#tick].
public final class SettableClock implements InstantSource {
    private volatile Instant now;

    public SettableClock(Instant start) {
        this.now = start;
    }

    /// Starts at a time that is easy to read in a failure.
    public static SettableClock atNoon() {
        return new SettableClock(Instant.parse("2026-11-01T12:00:00Z"));
    }

    @Override
    public Instant instant() {
        return now;
    }

    public void tick(Duration by) {
        now = now.plus(by);
    }
}
