package dev.carrel.sandbox;

import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// Kills this process with SIGKILL when a chosen step in a sandbox's life is done and nothing of
/// the next one has begun: what a crash at the worst moment does. For tests of crash safety; off
/// unless the environment says `CARREL_FAILPOINT=sandbox:<step>`, or `sandbox:<step>:<n>` for the
/// nth time; or `@<file>`, whose content of that form counts from the moment that it is there.
enum FailPoint {
    CREATE_ROW,
    CREATE_HOST,
    CREATE_READY,
    TAKE_ROW,
    TAKE_HOST,
    CHANGE_ROW,
    CHANGE_HOST,
    PAUSE_HOST,
    SAVE_ROW,
    SAVE_HOST,
    STOP_ROW,
    STOP_HOST,
    SNAPSHOT_ROW,
    SNAPSHOT_HOST,
    SNAPSHOT_READY,
    RESTORE_HOST,
    RESTORE_READY,
    UNSAVE_ROW,
    UNSAVE_HOST,
    DELETE_ROW,
    DELETE_HOST;

    private static final String CHOSEN = System.getenv().getOrDefault("CARREL_FAILPOINT", "");
    private static final AtomicInteger TIMES = new AtomicInteger();
    private static final int SIGKILL = 9;
    private static final long DEATH_SECONDS_MAX = 10;

    String wireName() {
        return "sandbox:" + name().toLowerCase(Locale.ROOT);
    }

    /// Does not return if this step is the chosen one.
    void reached() {
        if (!CHOSEN.isEmpty() && isFatal(CHOSEN.startsWith("@") ? read() : CHOSEN)) {
            die();
        }
    }

    private boolean isFatal(String chosen) {
        if (chosen.equals(wireName())) {
            return true;
        }
        return chosen.startsWith(wireName() + ":")
                && TIMES.incrementAndGet()
                        == Integer.parseInt(chosen.substring(wireName().length() + 1));
    }

    private static String read() {
        try {
            return Files.readString(Path.of(CHOSEN.substring(1))).strip();
        } catch (NoSuchFileException e) {
            return "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void die() {
        try {
            Linux.kill((int) ProcessHandle.current().pid(), SIGKILL);
            TimeUnit.SECONDS.sleep(DEATH_SECONDS_MAX);
        } catch (LinuxException | InterruptedException e) {
            throw new IllegalStateException("this process cannot kill itself", e);
        }
        throw new IllegalStateException("this process outlived SIGKILL");
    }
}
