package dev.carrel.sandbox;

import java.util.Locale;

/// `CREATING` → `RUNNING` ⇄ `PAUSED` → `STOPPED`, and gone. Processes stand still in `PAUSED`; only
/// files survive `STOPPED`. Any access resumes the sandbox. Of a deleted one there is only a
/// record.
public enum SandboxState {
    CREATING,
    RUNNING,
    PAUSED,
    STOPPED,
    DELETED;

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
