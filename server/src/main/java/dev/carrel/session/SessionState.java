package dev.carrel.session;

import java.util.Locale;

/// What a session is doing. `FAILED` is idle after a turn that an error or a guard has ended: the
/// next message goes on.
public enum SessionState {
    IDLE,
    QUEUED,
    RUNNING,
    /// A turn has begun and waits for somebody's word about a call.
    AWAITING_APPROVAL,
    FAILED;

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
