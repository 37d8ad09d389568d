package dev.carrel.sandbox;

import java.util.Locale;

/// Why nothing runs in a sandbox.
public enum WhyStopped {
    /// Nobody used it for as long as its idle rules say.
    IDLE,
    /// Somebody has paused it to disk.
    PAUSED,
    /// It did not run when the server started: the machine was rebooted, most likely.
    SERVER,
    /// It ended by itself, or the kernel ended it.
    CRASHED;

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
