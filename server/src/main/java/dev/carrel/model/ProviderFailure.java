package dev.carrel.model;

import dev.carrel.error.ErrorCode;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// What went wrong in one attempt, already in Carrel's words; the code says whether another attempt
/// may help. `retryAfter` is how long the provider asked to be left alone.
final class ProviderFailure extends RuntimeException {
    private final ErrorCode code;
    private final transient Optional<Duration> retryAfter;

    ProviderFailure(ErrorCode code, String message, Optional<Duration> retryAfter) {
        super(message);
        this.code = code;
        this.retryAfter = retryAfter;
    }

    ProviderFailure(ErrorCode code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
        this.retryAfter = Optional.empty();
    }

    static ProviderFailure badAnswer(String message) {
        return new ProviderFailure(ErrorCode.MODEL_BAD_ANSWER, message, Optional.empty());
    }

    /// Whether it was silence, which took as long as silence may.
    boolean isSilence() {
        return getCause() instanceof TimeoutException;
    }

    ErrorCode code() {
        return code;
    }

    Optional<Duration> retryAfter() {
        return retryAfter;
    }

    String text() {
        return Objects.requireNonNull(getMessage());
    }
}
