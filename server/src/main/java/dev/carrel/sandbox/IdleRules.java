package dev.carrel.sandbox;

import java.time.Duration;
import java.util.Optional;

/// What becomes of a sandbox that nobody uses, counted from its last use; absent means never. A
/// pause keeps processes and memory, a stop only files.
public record IdleRules(Optional<Duration> pauseAfter, Optional<Duration> stopAfter) {
    public static final Duration MIN = Duration.ofSeconds(1);
    public static final Duration MAX = Duration.ofDays(365);

    public static final IdleRules DEFAULT =
            new IdleRules(Optional.of(Duration.ofMinutes(15)), Optional.of(Duration.ofDays(1)));

    public IdleRules {
        check("idle.pause_after_seconds", pauseAfter);
        check("idle.stop_after_seconds", stopAfter);
    }

    private static void check(String field, Optional<Duration> after) {
        if (after.isPresent()
                && (after.get().compareTo(MIN) < 0 || after.get().compareTo(MAX) > 0)) {
            throw new IllegalArgumentException(
                    "%s must be from %d to %d, or 0 for never"
                            .formatted(field, MIN.toSeconds(), MAX.toSeconds()));
        }
    }
}
