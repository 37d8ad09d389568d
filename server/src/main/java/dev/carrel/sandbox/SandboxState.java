package dev.carrel.sandbox;

import java.util.Locale;

/// `CREATING` → `RUNNING` ⇄ `STOPPED`, and gone. Only files survive `STOPPED`; any access starts
/// the sandbox again.
public enum SandboxState {
    CREATING,
    RUNNING,
    STOPPED;

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
