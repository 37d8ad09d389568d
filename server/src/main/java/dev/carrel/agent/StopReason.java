package dev.carrel.agent;

import java.util.Locale;

/// Why a turn ended.
public enum StopReason {
    /// The model answered without asking for another tool.
    END,
    MAX_STEPS,
    BUDGET,
    INTERRUPTED,
    STUCK,
    ERROR,
    /// The model called tools that the caller of the API runs; the caller's results start the next
    /// turn.
    TOOL_CALLS;

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
