package dev.carrel.sandbox;

import java.util.Locale;

/// `COMPLETED` is any exit of its own accord, whatever the exit code.
public enum ExecutionStatus {
    RUNNING,
    COMPLETED,
    TIMED_OUT,
    /// By a signal, or by someone who asked for it.
    KILLED,
    OUT_OF_MEMORY,
    /// The sandbox ended under it.
    INTERRUPTED;

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
