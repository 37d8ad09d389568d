package dev.carrel.http;

import org.jspecify.annotations.Nullable;

/// The client has closed its connection, or has not read for too long: there is nobody left to
/// tell.
public final class ClientGoneException extends RuntimeException {
    ClientGoneException(@Nullable Throwable cause) {
        super("the client has gone", cause);
    }
}
