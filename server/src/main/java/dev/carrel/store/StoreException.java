package dev.carrel.store;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import org.jspecify.annotations.Nullable;

/// The database could not do what it was asked: its disk is full, another program has locked it, it
/// is overloaded. Nothing is wrong with the work, which may succeed later.
public final class StoreException extends CarrelException {
    StoreException(ErrorCode code, String message) {
        this(code, message, null);
    }

    StoreException(ErrorCode code, String message, @Nullable Throwable cause) {
        super(code, message, cause);
    }
}
