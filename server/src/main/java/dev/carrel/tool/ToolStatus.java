package dev.carrel.tool;

import java.util.Locale;

/// How a tool call ended.
public enum ToolStatus {
    OK,
    /// The tool says what was wrong; the model reads it and goes on.
    ERROR,
    DENIED,
    /// Nobody knows how far it got, or it was stopped on purpose.
    INTERRUPTED;

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
