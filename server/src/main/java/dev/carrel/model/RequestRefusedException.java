package dev.carrel.model;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import org.jspecify.annotations.Nullable;

/// A provider has refused a request for what it is (HTTP 400 or 422), not for who asks: it may well
/// take another.
public final class RequestRefusedException extends CarrelException {
    public RequestRefusedException(String message, @Nullable Throwable cause) {
        super(ErrorCode.MODEL_REFUSED_REQUEST, message, cause);
    }
}
