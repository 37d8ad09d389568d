package dev.carrel.session;

import java.util.Optional;

/// What somebody says about a call that waits. `forSession` has the same tool never wait for the
/// same pattern again in this session; it goes with an allowance only. `by` is who says it, where
/// that is known.
public record ApprovalDecision(
        boolean allowed, boolean forSession, String reason, Optional<String> by) {
    public static final int REASON_CHARS_MAX = 4_000;

    public ApprovalDecision {
        if (forSession && !allowed) {
            throw new IllegalArgumentException("a denial is for one call");
        }
    }

    public ApprovalDecision(boolean allowed, boolean forSession, String reason) {
        this(allowed, forSession, reason, Optional.empty());
    }

    /// The same, said by the holder of an API key.
    public ApprovalDecision byKey(String keyId) {
        return new ApprovalDecision(allowed, forSession, reason, Optional.of("key " + keyId));
    }

    public static ApprovalDecision allow() {
        return new ApprovalDecision(true, false, "");
    }

    public static ApprovalDecision allowForSession() {
        return new ApprovalDecision(true, true, "");
    }

    public static ApprovalDecision deny(String reason) {
        return new ApprovalDecision(false, false, reason);
    }

    String wireName() {
        return forSession ? "allow for the session" : allowed ? "allow" : "deny";
    }
}
