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
    private final boolean ofRequest;

    ProviderFailure(ErrorCode code, String message, Optional<Duration> retryAfter) {
        this(code, message, retryAfter, false);
    }

    private ProviderFailure(
            ErrorCode code, String message, Optional<Duration> retryAfter, boolean ofRequest) {
        super(message);
        this.code = code;
        this.retryAfter = retryAfter;
        this.ofRequest = ofRequest;
    }

    ProviderFailure(ErrorCode code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
        this.retryAfter = Optional.empty();
        this.ofRequest = false;
    }

    static ProviderFailure badAnswer(String message) {
        return new ProviderFailure(ErrorCode.MODEL_BAD_ANSWER, message, Optional.empty());
    }

    /// A refusal for what the request is; another may be taken.
    static ProviderFailure refusedRequest(String message) {
        return new ProviderFailure(
                ErrorCode.MODEL_REFUSED_REQUEST, message, Optional.empty(), true);
    }

    boolean isOfRequest() {
        return ofRequest;
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
