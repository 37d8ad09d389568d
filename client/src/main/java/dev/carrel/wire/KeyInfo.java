package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.Optional;

/// An API key. `hint` is its last four characters; `key` is the key itself, shown once, when it is
/// made.
public record KeyInfo(
        String id,
        String name,
        String hint,
        Instant createdAt,
        @JsonInclude(JsonInclude.Include.NON_ABSENT) Optional<String> key) {}
