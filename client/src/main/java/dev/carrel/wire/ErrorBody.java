package dev.carrel.wire;

import java.util.Optional;

/// The body of every answer that is no success.
public record ErrorBody(Details error) {
    /// `code` is stable, `message` is for people; `param` is the field or parameter at fault.
    public record Details(
            String code, String message, String type, Optional<String> param, String requestId) {}
}
