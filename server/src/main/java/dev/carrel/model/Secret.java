package dev.carrel.model;

import com.fasterxml.jackson.annotation.JsonValue;

/// A value that must never be shown. Logs, exceptions and JSON get `***`; only [#reveal] gives the
/// value itself.
public record Secret(String reveal) {
    public Secret {
        reveal = reveal.strip();
        if (reveal.isEmpty()) {
            throw new IllegalArgumentException("a secret must not be empty");
        }
        if (reveal.chars().anyMatch(c -> c < ' ' || c > '~')) {
            throw new IllegalArgumentException(
                    "a secret must consist of printable ASCII characters without line breaks");
        }
    }

    @Override
    @JsonValue
    public String toString() {
        return "***";
    }
}
