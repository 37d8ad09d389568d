package dev.carrel.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.ErrorCode;
import java.net.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class RetryTest {
    private static final RetryPolicy POLICY =
            new RetryPolicy(
                    4, 3, 2, Duration.ofSeconds(1), Duration.ofSeconds(3), Duration.ofSeconds(20));
    private static final Instant NOW = Instant.parse("2026-11-21T08:00:00Z");

    private static Optional<Duration> pause(
            ErrorCode code, Optional<Duration> retryAfter, int tries, int pausedSeconds) {
        return POLICY.pauseAfter(
                new ProviderFailure(code, "x", retryAfter),
                tries,
                Duration.ofSeconds(pausedSeconds),
                () -> 0);
    }

    private static Optional<Duration> pause(int tries) {
        return pause(ErrorCode.MODEL_UNAVAILABLE, Optional.empty(), tries, 0);
    }

    @Test
    void pausesDoubleUpToTheirMaximum() {
        assertThat(pause(1)).contains(Duration.ofSeconds(1));
        assertThat(pause(2)).contains(Duration.ofSeconds(2));
        assertThat(pause(3)).contains(Duration.ofSeconds(3));
        assertThat(pause(4)).isEmpty();
    }

    @Test
    void chanceShortensAPauseByUpToHalf() {
        var failure = new ProviderFailure(ErrorCode.MODEL_UNAVAILABLE, "x", Optional.empty());
        assertThat(POLICY.pauseAfter(failure, 1, Duration.ZERO, () -> 1))
                .contains(Duration.ofMillis(500));
    }

    @Test
    void whatTheProviderAsksForCountsWhenItIsLonger() {
        var code = ErrorCode.MODEL_RATE_LIMITED;
        assertThat(pause(code, Optional.of(Duration.ofSeconds(9)), 1, 0))
                .contains(Duration.ofSeconds(9));
        assertThat(pause(code, Optional.of(Duration.ZERO), 1, 0)).contains(Duration.ofSeconds(1));
    }

    @Test
    void allPausesTogetherAreBounded() {
        var code = ErrorCode.MODEL_RATE_LIMITED;
        assertThat(pause(code, Optional.of(Duration.ofSeconds(20)), 1, 0)).isPresent();
        assertThat(pause(code, Optional.of(Duration.ofSeconds(20)), 1, 1)).isEmpty();
        assertThat(pause(code, Optional.of(Duration.ofSeconds(Long.MAX_VALUE)), 1, 0)).isEmpty();
    }

    @Test
    void badAnswersAreAskedForLessOften() {
        assertThat(pause(ErrorCode.MODEL_BAD_ANSWER, Optional.empty(), 2, 0)).isPresent();
        assertThat(pause(ErrorCode.MODEL_BAD_ANSWER, Optional.empty(), 3, 0)).isEmpty();
    }

    @Test
    void whoIsSilentForMinutesIsAskedOnceMore() {
        var silence = new ProviderFailure(ErrorCode.MODEL_UNAVAILABLE, "x", new TimeoutException());
        assertThat(POLICY.pauseAfter(silence, 1, Duration.ZERO, () -> 0)).isPresent();
        assertThat(POLICY.pauseAfter(silence, 2, Duration.ZERO, () -> 0)).isEmpty();
        var broken =
                new ProviderFailure(ErrorCode.MODEL_UNAVAILABLE, "x", new java.io.IOException());
        assertThat(POLICY.pauseAfter(broken, 3, Duration.ZERO, () -> 0)).isPresent();
    }

    @ParameterizedTest
    @EnumSource(
            value = ErrorCode.class,
            names = {"MODEL_UNAUTHORIZED", "MODEL_REFUSED_REQUEST", "MODEL_CONTEXT_OVERFLOW"})
    void whatCannotChangeIsNotTriedAgain(ErrorCode code) {
        assertThat(pause(code, Optional.of(Duration.ZERO), 1, 0)).isEmpty();
    }

    private static Optional<Duration> retryAfter(String name, String value) {
        return RetryAfter.of(HttpHeaders.of(Map.of(name, List.of(value)), (_, _) -> true), NOW);
    }

    @ParameterizedTest
    @CsvSource({
        "retry-after, 7, 7000",
        "Retry-After, 0.25, 250",
        "retry-after, -3, 0",
        "retry-after-ms, 1500, 1500",
        "retry-after, 'Sat, 21 Nov 2026 08:00:30 GMT', 30000",
        "retry-after, 'Sat, 21 Nov 2026 07:00:00 GMT', 0",
    })
    void readsEveryFormOfRetryAfter(String name, String value, long millis) {
        assertThat(retryAfter(name, value)).contains(Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @CsvSource({"retry-after, soon", "retry-after, NaN", "retry-after, ''", "x-other, 7"})
    void ignoresWhatItCannotRead(String name, String value) {
        assertThat(retryAfter(name, value)).isEmpty();
    }

    @Test
    void millisecondsGoBeforeSeconds() {
        var both = Map.of("retry-after", List.of("2"), "retry-after-ms", List.of("1700"));
        assertThat(RetryAfter.of(HttpHeaders.of(both, (_, _) -> true), NOW))
                .contains(Duration.ofMillis(1700));
    }
}
