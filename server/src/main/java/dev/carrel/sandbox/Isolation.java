package dev.carrel.sandbox;

import java.util.Locale;

/// What stands between a sandbox and the host.
public enum Isolation {
    /// User namespace, seccomp filter and control groups on the host's kernel.
    CONTAINER;

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
