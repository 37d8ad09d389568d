package dev.carrel.sandbox;

import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/// Kills this process with SIGKILL when a chosen step in a sandbox's life is done and nothing of
/// the next one has begun: what a crash at the worst moment does. For tests of crash safety; off
/// unless the environment says `CARREL_FAILPOINT=sandbox:<step>`.
enum FailPoint {
    CREATE_ROW,
    CREATE_HOST,
    CREATE_READY,
    TAKE_ROW,
    TAKE_HOST,
    CHANGE_ROW,
    CHANGE_HOST,
    PAUSE_HOST,
    STOP_ROW,
    STOP_HOST,
    SNAPSHOT_HOST,
    DELETE_ROW,
    DELETE_HOST;

    private static final String FATAL = System.getenv().getOrDefault("CARREL_FAILPOINT", "");
    private static final int SIGKILL = 9;
    private static final long DEATH_SECONDS_MAX = 10;

    String wireName() {
        return "sandbox:" + name().toLowerCase(Locale.ROOT);
    }

    /// Does not return if this step is the chosen one.
    void reached() {
        if (!FATAL.isEmpty() && FATAL.equals(wireName())) {
            try {
                Linux.kill((int) ProcessHandle.current().pid(), SIGKILL);
                TimeUnit.SECONDS.sleep(DEATH_SECONDS_MAX);
            } catch (LinuxException | InterruptedException e) {
                throw new IllegalStateException("this process cannot kill itself", e);
            }
            throw new IllegalStateException("this process outlived SIGKILL");
        }
    }
}
