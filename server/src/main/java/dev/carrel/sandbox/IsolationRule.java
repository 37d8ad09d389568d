package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.util.Optional;

/// Which isolation levels a sandbox may have: those that the operator allows and the host has.
record IsolationRule(SandboxRuntime runtime, Isolation min) {
    /// The level of those who ask for none: the weakest that is allowed.
    Isolation byDefault() {
        return min;
    }

    /// Fails with `NOT_SUPPORTED`.
    void check(Isolation wanted) {
        if (wanted.isWeakerThan(min)) {
            throw refused(
                    "isolation \"%s\" is weaker than \"%s\", the least that this server allows"
                            .formatted(wanted.wireName(), min.wireName()));
        }
        Optional<String> lacking = runtime.lacks(wanted);
        if (lacking.isPresent()) {
            throw refused(
                    "isolation \"%s\" is not to be had on this host: %s"
                            .formatted(wanted.wireName(), lacking.get()));
        }
    }

    private static CarrelException refused(String message) {
        return CarrelException.ofParam(ErrorCode.NOT_SUPPORTED, "isolation", message);
    }
}
