package dev.carrel.worker;

import java.time.Duration;

/// How a worker works. `lease` is for how long a turn stays with a worker that shows no sign of
/// life; `heartbeat` is how often one does. `poll` is how often it looks for turns without having
/// been told of one. After `failuresMax` runs that ended by an unexpected exception a turn is given
/// up.
public record WorkerSettings(
        int turnsAtOnce,
        Duration lease,
        Duration heartbeat,
        Duration poll,
        int failuresMax,
        Sharing sharing) {
    /// Whether other processes run turns from the same database.
    public enum Sharing {
        /// None does, which is certain with SQLite, whose file one process locks: every lease found
        /// at the start is a dead process's, and its turn goes on at once.
        ALONE,
        SHARED
    }

    public static final WorkerSettings DEFAULT =
            new WorkerSettings(
                    64,
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(5),
                    3,
                    Sharing.ALONE);

    public WorkerSettings {
        require(turnsAtOnce > 0, "turns at once must be above 0");
        require(heartbeat.isPositive(), "heartbeat must be above 0");
        require(poll.isPositive(), "poll must be above 0");
        require(failuresMax > 0, "failures must be above 0");
        require(
                lease.compareTo(heartbeat.multipliedBy(2)) >= 0,
                "lease must last for two heartbeats at least");
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
