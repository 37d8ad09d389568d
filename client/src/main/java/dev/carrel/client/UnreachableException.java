package dev.carrel.client;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import org.jspecify.annotations.Nullable;

/// No server answers at the address, or the connection broke before an answer came: nobody knows
/// whether the call was carried out.
public final class UnreachableException extends CarrelException {
    UnreachableException(String message, @Nullable Throwable cause) {
        super(ErrorCode.UNAVAILABLE, message, cause);
    }
}
