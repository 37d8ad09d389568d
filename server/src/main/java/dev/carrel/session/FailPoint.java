package dev.carrel.session;

import java.io.IOException;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/// Kills this process with SIGKILL when a chosen entry of a journal is durable and nobody has heard
/// of it yet: what a crash at the worst moment does. For tests of crash safety; off unless the
/// environment says `CARREL_FAILPOINT=journal:N`.
///
/// Only sessions that were begun in this process are hit, so that a test can restart the server
/// with the next number and let it finish what the last one left.
final class FailPoint {
    private static final String PREFIX = "journal:";

    /// Entry 1 says that the session was made; nothing runs yet.
    private static final long FIRST_MESSAGE = 2;

    private static final long DEATH_SECONDS_MAX = 10;

    private final OptionalLong fatal;
    private final Set<SessionId> begunHere = ConcurrentHashMap.newKeySet();

    private FailPoint(OptionalLong fatal) {
        this.fatal = fatal;
    }

    static FailPoint ofEnvironment() {
        String text = System.getenv().getOrDefault("CARREL_FAILPOINT", "");
        return new FailPoint(
                text.startsWith(PREFIX)
                        ? OptionalLong.of(Long.parseLong(text.substring(PREFIX.length())))
                        : OptionalLong.empty());
    }

    /// Does not return if this entry is the chosen one.
    void committed(SessionId session, long seq) {
        if (fatal.isEmpty()) {
            return;
        }
        if (seq == FIRST_MESSAGE) {
            begunHere.add(session);
        }
        if (seq == fatal.getAsLong() && begunHere.contains(session)) {
            die();
        }
    }

    private static void die() {
        long pid = ProcessHandle.current().pid();
        try {
            new ProcessBuilder("kill", "-KILL", Long.toString(pid)).start();
            TimeUnit.SECONDS.sleep(DEATH_SECONDS_MAX);
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException("cannot kill process " + pid, e);
        }
        throw new IllegalStateException("process " + pid + " outlived SIGKILL");
    }
}
