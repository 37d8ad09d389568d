package dev.carrel.agent;

import java.util.Locale;

/// Why a turn ended.
public enum StopReason {
    /// The model answered without asking for another tool.
    END,
    /// The provider's limit of output tokens cut the model's last word.
    LENGTH,
    MAX_STEPS,
    /// What the turn, its session, user or project may spend is spent.
    BUDGET,
    INTERRUPTED,
    /// The model went in circles, also after it was told.
    STUCK,
    /// The model wrote calls that nobody could understand, again and again.
    MALFORMED_CALLS,
    ERROR,
    /// The model called tools that the caller of the API runs; the caller's results start the next
    /// turn.
    TOOL_CALLS;

    /// Whether somebody should look at what became of the task: a guard or an error has ended it.
    public boolean failed() {
        return switch (this) {
            case END, INTERRUPTED, TOOL_CALLS -> false;
            case LENGTH, MAX_STEPS, BUDGET, STUCK, MALFORMED_CALLS, ERROR -> true;
        };
    }

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
