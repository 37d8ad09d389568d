package dev.carrel.sandbox.oci;

import dev.carrel.process.HostCommand;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Saves the memory of one sandbox of runsc, whose state is in the folder `state`.
record RunscSaving(Path state, Path log) {
    private static final Logger LOG = LoggerFactory.getLogger(RunscSaving.class);

    /// One program, so that it comes to its end when the server does not: saved, and nothing runs,
    /// or running. Stopped first, because a failure would end what runs, and what went on after it
    /// was saved would do things twice. What is moved is on disk.
    private static final String SAVE =
            """
            runsc() { command runsc --root "$STATE" "$@" </dev/null >/dev/null 2>>"$LOG"; }
            : >"$LOG"
            runsc pause sandbox || exit 1
            if runsc checkpoint --leave-running --image-path "$HALF" sandbox && sync -f "$HALF" \\
                    && mv "$HALF" "$IMAGE" && sync -f "$IMAGE"; then
                runsc delete --force sandbox
                exit 0
            fi
            runsc resume sandbox
            exit 1
            """;

    private static final String RESUME =
            "runsc --root \"$STATE\" resume sandbox </dev/null >/dev/null 2>\"$LOG\"";

    /// Pid 1 notices within some milliseconds that nobody speaks with it any more.
    private static final int SAVE_ATTEMPTS = 10;

    private static final Duration SAVE_AGAIN = Duration.ofMillis(50);

    /// Less than others wait for a sandbox that is starting or ending.
    private static final Duration SAVE_TIMEOUT = Duration.ofSeconds(45);

    /// As [Engine#saveMemory].
    void save(Path half, Path whole) throws IOException {
        var paths = Map.of("HALF", half.toString(), "IMAGE", whole.toString());
        for (int attempt = 1; !succeeds(SAVE, paths); attempt++) {
            String said = WhyNotSaved.read(log);
            if (attempt == SAVE_ATTEMPTS || !WhyNotSaved.isConnectedToServer(said)) {
                throw new IOException(WhyNotSaved.of(said));
            }
            LockSupport.parkNanos(SAVE_AGAIN.toNanos());
        }
    }

    /// As [Engine#goOn].
    void goOn() throws IOException {
        if (!succeeds(RESUME, Map.of())) {
            LOG.debug("{} was not held: {}", state, WhyNotSaved.read(log));
        }
    }

    private boolean succeeds(String script, Map<String, String> paths) throws IOException {
        Map<String, String> environment = new HashMap<>(paths);
        environment.put("STATE", state.toString());
        environment.put("LOG", log.toString());
        HostCommand.Result result =
                HostCommand.of("sh", "-c", script)
                        .withEnv(environment)
                        .withTimeout(SAVE_TIMEOUT)
                        .run();
        return result.exitCode() == 0;
    }
}
