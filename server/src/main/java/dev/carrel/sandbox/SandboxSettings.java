package dev.carrel.sandbox;

/// The limits of all sandboxes together, the weakest isolation that they may have, and what becomes
/// of them when nobody uses them (unless they say it themselves) and when the server stops.
public record SandboxSettings(
        int perProjectMax,
        int totalMax,
        int executionsAtOnceMax,
        Isolation isolationMin,
        IdleRules idle,
        WarmSettings warm,
        AtClose atClose) {
    public static final int PER_PROJECT_MAX_DEFAULT = 100;
    public static final int TOTAL_MAX_DEFAULT = 500;

    /// Running commands of one sandbox.
    public static final int EXECUTIONS_AT_ONCE_MAX_DEFAULT = 64;

    public static final SandboxSettings DEFAULT =
            new SandboxSettings(
                    PER_PROJECT_MAX_DEFAULT,
                    TOTAL_MAX_DEFAULT,
                    EXECUTIONS_AT_ONCE_MAX_DEFAULT,
                    Isolation.CONTAINER,
                    IdleRules.DEFAULT,
                    WarmSettings.NONE,
                    AtClose.KEEP);

    public SandboxSettings {
        if (perProjectMax < 1 || totalMax < 1 || executionsAtOnceMax < 1) {
            throw new IllegalArgumentException("limits of sandboxes must be at least 1");
        }
    }

    /// What happens to sandboxes when the server stops in order.
    public enum AtClose {
        /// They run on, and the next server finds them.
        KEEP,
        /// They go with a server that is temporary itself.
        DESTROY
    }

    public SandboxSettings with(WarmSettings newWarm) {
        return new SandboxSettings(
                perProjectMax, totalMax, executionsAtOnceMax, isolationMin, idle, newWarm, atClose);
    }

    public SandboxSettings with(AtClose newAtClose) {
        return new SandboxSettings(
                perProjectMax, totalMax, executionsAtOnceMax, isolationMin, idle, warm, newAtClose);
    }
}
