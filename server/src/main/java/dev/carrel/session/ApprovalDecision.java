package dev.carrel.session;

/// What somebody says about a call that waits. `forSession` has the same tool never wait for the
/// same pattern again in this session; it goes with an allowance only.
public record ApprovalDecision(boolean allowed, boolean forSession, String reason) {
    public static final int REASON_CHARS_MAX = 4_000;

    public ApprovalDecision {
        if (forSession && !allowed) {
            throw new IllegalArgumentException("a denial is for one call");
        }
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
