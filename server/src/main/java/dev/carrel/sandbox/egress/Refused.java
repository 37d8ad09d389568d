package dev.carrel.sandbox.egress;

import java.io.IOException;

/// What a sandbox asked for is not to be had, or is not to be understood in one way only. The
/// message is shown inside the sandbox.
final class Refused extends IOException {
    private final int status;

    Refused(int status, String message) {
        super(message);
        this.status = status;
    }

    /// For HTTP.
    int status() {
        return status;
    }

    static Refused closed(String what) {
        return new Refused(403, "the network policy of this sandbox does not allow " + what);
    }

    static Refused malformed(String why) {
        return new Refused(400, "the request is refused: " + why);
    }
}
