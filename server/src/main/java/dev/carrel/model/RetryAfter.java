package dev.carrel.model;

import java.net.http.HttpHeaders;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;

/// How long a provider asks to be left alone: `retry-after-ms`, or `retry-after` in seconds or as a
/// date (RFC 9110, 10.2.3).
final class RetryAfter {
    private RetryAfter() {}

    /// Empty when nothing readable was asked; never negative.
    static Optional<Duration> of(HttpHeaders headers, Instant now) {
        return headers.firstValue("retry-after-ms")
                .flatMap(text -> millis(text, 1))
                .or(() -> headers.firstValue("retry-after").flatMap(text -> millis(text, 1000)))
                .or(() -> headers.firstValue("retry-after").flatMap(text -> date(text, now)));
    }

    private static Optional<Duration> millis(String text, int factor) {
        try {
            double value = Double.parseDouble(text.strip()) * factor;
            return Double.isNaN(value)
                    ? Optional.empty()
                    : Optional.of(Duration.ofMillis(Math.max(0, (long) Math.ceil(value))));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Optional<Duration> date(String text, Instant now) {
        try {
            var at = ZonedDateTime.parse(text.strip(), DateTimeFormatter.RFC_1123_DATE_TIME);
            Duration wait = Duration.between(now, at.toInstant());
            return Optional.of(wait.isNegative() ? Duration.ZERO : wait);
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }
}
