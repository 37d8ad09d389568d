package dev.carrel.model;

import dev.carrel.error.ErrorCode;
import java.time.Duration;
import java.util.Optional;
import java.util.function.DoubleSupplier;

/// When a failed attempt is made again: after a pause that doubles from `firstPause` to `pauseMax`,
/// shortened at random by up to half so that many sessions do not come back together, or after what
/// the provider asked for if that is longer. All pauses of a call together take at most
/// `pausesMax`. A bad answer cost tokens and time already, so it is asked for fewer times; silence
/// cost minutes, in which the next model could have answered.
record RetryPolicy(
        int triesMax,
        int badAnswerTriesMax,
        int silenceTriesMax,
        Duration firstPause,
        Duration pauseMax,
        Duration pausesMax) {
    static final RetryPolicy DEFAULT =
            new RetryPolicy(
                    6, 3, 2, Duration.ofMillis(500), Duration.ofSeconds(20), Duration.ofMinutes(2));

    private static final int DOUBLINGS_MAX = 20; // far above any pauseMax

    /// How long to pause after the `tries`-th attempt; empty to give up. `paused` is the sum of the
    /// pauses so far, `random` gives values from 0 to 1.
    Optional<Duration> pauseAfter(
            ProviderFailure failure, int tries, Duration paused, DoubleSupplier random) {
        if (!failure.code().retryable() || tries >= triesMax(failure)) {
            return Optional.empty();
        }
        Duration backoff = backoff(tries, random);
        Duration pause =
                failure.retryAfter().filter(asked -> asked.compareTo(backoff) > 0).orElse(backoff);
        boolean fits = pausesMax.minus(paused).compareTo(pause) >= 0;
        return fits ? Optional.of(pause) : Optional.empty();
    }

    private int triesMax(ProviderFailure failure) {
        if (failure.isSilence()) {
            return silenceTriesMax;
        }
        return failure.code() == ErrorCode.MODEL_BAD_ANSWER ? badAnswerTriesMax : triesMax;
    }

    private Duration backoff(int tries, DoubleSupplier random) {
        long doubled = firstPause.toMillis() << Math.min(tries - 1, DOUBLINGS_MAX);
        long millis = Math.min(doubled, pauseMax.toMillis());
        return Duration.ofMillis(millis - (long) (random.getAsDouble() / 2 * millis));
    }
}
