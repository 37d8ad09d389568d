package dev.carrel.session;

/// Limits of sessions. `messageBytesMax` bounds all that one turn's input says, in UTF-8; the turn
/// that runs does not count as queued.
public record SessionSettings(
        int sessionsPerProjectMax,
        int queuedTurnsPerSessionMax,
        int messageBytesMax,
        int subscribersPerSessionMax,
        Budgets budgets) {
    public static final SessionSettings DEFAULT = new SessionSettings(10_000, 16, 1 << 20, 2_048);

    public SessionSettings {
        require(sessionsPerProjectMax > 0, "sessions per project");
        require(queuedTurnsPerSessionMax > 0, "queued turns per session");
        require(messageBytesMax > 0, "message bytes");
        require(subscribersPerSessionMax > 0, "subscribers per session");
    }

    /// Without budgets.
    public SessionSettings(
            int sessionsPerProjectMax,
            int queuedTurnsPerSessionMax,
            int messageBytesMax,
            int subscribersPerSessionMax) {
        this(
                sessionsPerProjectMax,
                queuedTurnsPerSessionMax,
                messageBytesMax,
                subscribersPerSessionMax,
                Budgets.NONE);
    }

    /// The same with these.
    public SessionSettings withBudgets(Budgets newBudgets) {
        return new SessionSettings(
                sessionsPerProjectMax,
                queuedTurnsPerSessionMax,
                messageBytesMax,
                subscribersPerSessionMax,
                newBudgets);
    }

    private static void require(boolean condition, String name) {
        if (!condition) {
            throw new IllegalArgumentException("the limit of " + name + " must be above 0");
        }
    }
}
