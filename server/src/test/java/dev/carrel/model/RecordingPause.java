package dev.carrel.model;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/// A clock that only pauses move.
final class RecordingPause implements Pause, InstantSource {
    final List<Duration> pauses = new ArrayList<>();
    private Instant now = Instant.parse("2026-11-21T08:00:00Z");

    @Override
    public void pause(Duration duration, Cancellation cancellation) {
        cancellation.throwIfCancelled();
        pauses.add(duration);
        now = now.plus(duration);
    }

    /// Time passes without a pause.
    void pass(Duration duration) {
        now = now.plus(duration);
    }

    @Override
    public Instant instant() {
        return now;
    }
}
