package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.HostCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/// Saves the memory of one sandbox of runsc, whose state is in the folder `state`.
record RunscSaving(SandboxFolder folder, Path state) {
    /// What is cut in two leaves a sandbox held, so nobody who waits for it ends it. It has the
    /// sandbox's lock until it has ended, and that is what is waited for. The next server waits for
    /// it, too, before it does anything of the kind.
    private static final String UNCUT =
            """
            exec 9<"$FOLDER" && flock 9 || exit 1
            setsid --fork sh -c "$SCRIPT" </dev/null >/dev/null 2>&1
            exec 9<"$FOLDER" && flock 9
            """;

    private static final String RUNSC =
            """
            runsc() { command runsc --root "$STATE" "$@" </dev/null >/dev/null 2>>"$LOG"; }
            : >"$LOG"
            """;

    /// Held first, because a failure would end what runs, and what went on after it was saved would
    /// do things twice. What is moved is on disk. Who gives it up changes the folder's name, before
    /// or after: then the move fails, and the sandbox goes on, or this does not even begin.
    private static final String SAVE =
            RUNSC
                    + """
                    cd "$HALF" && runsc pause sandbox || exit
                    if runsc checkpoint --leave-running --image-path . sandbox && sync -f . \\
                            && mv -T "$HALF" "$IMAGE"; then
                        sync -f "$IMAGE"
                    else
                        runsc resume sandbox
                    fi
                    """;

    private static final String RESUME = RUNSC + "runsc resume sandbox";

    private static final String IS_HELD =
            "runsc --root \"$STATE\" state sandbox | grep -q '\"status\": \"paused\"'";

    /// Pid 1 notices within some milliseconds that nobody speaks with it any more.
    private static final int SAVE_ATTEMPTS = 10;

    private static final Duration SAVE_AGAIN = Duration.ofMillis(50);

    /// For what an earlier server has begun, too. A server waits for it when it starts; what takes
    /// longer goes on at the sandbox's next use.
    private static final Duration GO_ON_TIMEOUT = Duration.ofSeconds(20);

    /// As [Engine#saveMemory].
    Optional<String> save(Path half, Path whole, Duration timeout) throws IOException {
        for (int attempt = 1; ; attempt++) {
            saving(half, whole).withTimeout(timeout).run().orFail();
            if (Files.exists(whole)) {
                return Optional.empty();
            }
            String said = WhyNotSaved.read(log());
            if (attempt == SAVE_ATTEMPTS || !WhyNotSaved.isConnectedToServer(said)) {
                return Optional.of(WhyNotSaved.of(said));
            }
            LockSupport.parkNanos(SAVE_AGAIN.toNanos());
        }
    }

    /// As [Engine#goOn].
    void goOn() throws IOException {
        try {
            uncut(RESUME, Map.of()).withTimeout(GO_ON_TIMEOUT).run().orFail();
        } catch (HostCommand.TimedOut e) {
            throw new CarrelException(
                    ErrorCode.UNAVAILABLE,
                    "sandbox %s has been saved for long, and has not come back in %d s; retry later"
                            .formatted(folder.id(), GO_ON_TIMEOUT.toSeconds()),
                    e);
        }
        if (command(IS_HELD, Map.of()).run().exitCode() == 0) {
            throw new IOException("runsc lets nothing go on: " + WhyNotSaved.read(log()));
        }
    }

    /// One attempt.
    HostCommand saving(Path half, Path whole) {
        return uncut(SAVE, Map.of("HALF", half.toString(), "IMAGE", whole.toString()));
    }

    private HostCommand uncut(String script, Map<String, String> paths) {
        Map<String, String> environment = new HashMap<>(paths);
        environment.put("SCRIPT", script);
        return command(UNCUT, environment);
    }

    private HostCommand command(String script, Map<String, String> more) {
        Map<String, String> environment = new HashMap<>(more);
        environment.put("FOLDER", folder.path().toString());
        environment.put("STATE", state.toString());
        environment.put("LOG", log().toString());
        return HostCommand.of("sh", "-c", script).withEnv(environment);
    }

    private Path log() {
        return folder.bundle().resolve("save.log");
    }
}
