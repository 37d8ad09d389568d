package dev.carrel.sandbox;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/// A command to run. `command` is never empty: a program, found through the sandbox's PATH, and its
/// arguments. `env` is added to the sandbox's own. `stdin` is given whole, then closed. When
/// `timeout` passes, the whole process group is killed. Of each output stream at most
/// `outputBytesMax` are kept; the rest is read and dropped.
public record ExecutionRequest(
        List<String> command,
        String cwd,
        Map<String, String> env,
        String stdin,
        Duration timeout,
        long outputBytesMax) {
    public static final Duration TIMEOUT_DEFAULT = Duration.ofSeconds(60);
    public static final Duration TIMEOUT_MAX = Duration.ofHours(24);
    public static final long OUTPUT_BYTES_DEFAULT = 1 << 20;
    public static final long OUTPUT_BYTES_MAX = 64 << 20;
    public static final int STDIN_BYTES_MAX = 1 << 20;
    public static final int COMMAND_BYTES_MAX = 1 << 17;

    public ExecutionRequest {
        command = List.copyOf(command);
        env = Map.copyOf(env);
        if (command.isEmpty() || command.getFirst().isEmpty()) {
            throw new IllegalArgumentException("command must not be empty");
        }
        if (timeout.isNegative() || timeout.isZero() || timeout.compareTo(TIMEOUT_MAX) > 0) {
            throw new IllegalArgumentException(
                    "timeout_seconds must be above 0 and at most " + TIMEOUT_MAX.toSeconds());
        }
        if (outputBytesMax < 0 || outputBytesMax > OUTPUT_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "output limit must be from 0 to " + OUTPUT_BYTES_MAX + " bytes");
        }
    }

    /// A shell command line with the default limits.
    public static ExecutionRequest shell(String line, String cwd) {
        return new ExecutionRequest(
                List.of("/bin/sh", "-c", line),
                cwd,
                Map.of(),
                "",
                TIMEOUT_DEFAULT,
                OUTPUT_BYTES_DEFAULT);
    }
}
