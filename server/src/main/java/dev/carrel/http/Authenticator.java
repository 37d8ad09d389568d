package dev.carrel.http;

import java.util.Optional;

/// Finds out who calls.
@FunctionalInterface
public interface Authenticator {
    /// The caller behind a bearer key, in whatever form the handlers want it (see
    /// [Request#caller]); empty for anything but a valid key. Called once a request.
    Optional<?> authenticate(String key);
}
