package dev.carrel.sandbox;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A command to run. `command` is never empty: a program, found through the sandbox's PATH, and its
/// arguments. `env` is added to the sandbox's own. When `timeout` has passed, pauses of the sandbox
/// not counted, the whole process group is killed. `user` is a name or number of the sandbox, with
/// `:` and a group after it if it is to be another one than the user's own; without it, the image's
/// own user, or else root.
public record ExecutionRequest(
        List<String> command,
        String cwd,
        Map<String, String> env,
        CommandInput input,
        Duration timeout,
        OutputKept output,
        Optional<String> user) {
    /// Where the image's commands start, or else in `/workspace`.
    public static final String CWD_OF_IMAGE = "";

    /// The sandbox's root, whatever the image says.
    public static final String ROOT = "0";

    /// Where programs are found, unless the image or the caller says otherwise.
    public static final String PATH_DEFAULT =
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    public static final Duration TIMEOUT_DEFAULT = Duration.ofSeconds(60);

    /// Of a command that somebody waits for.
    public static final Duration TIMEOUT_MAX = Duration.ofHours(24);

    /// Of one in the background: as long as a sandbox lives.
    public static final Duration LIFE_MAX = Duration.ofDays(365);

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
        if (timeout.isNegative() || timeout.isZero() || timeout.compareTo(LIFE_MAX) > 0) {
            throw new IllegalArgumentException(
                    "timeout_seconds must be above 0 and at most " + LIFE_MAX.toSeconds());
        }
        if (output.bytes() < 0 || output.bytes() > OUTPUT_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "output limit must be from 0 to " + OUTPUT_BYTES_MAX + " bytes");
        }
    }

    /// A command of the sandbox's root that is given `stdin` whole.
    public ExecutionRequest(
            List<String> command,
            String cwd,
            Map<String, String> env,
            String stdin,
            Duration timeout,
            long outputBytesMax) {
        this(
                command,
                cwd,
                env,
                new CommandInput.Text(stdin),
                timeout,
                new OutputKept.First(outputBytesMax),
                Optional.of(ROOT));
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

    public ExecutionRequest with(CommandInput newInput) {
        return new ExecutionRequest(command, cwd, env, newInput, timeout, output, user);
    }

    public ExecutionRequest keeping(OutputKept newOutput) {
        return new ExecutionRequest(command, cwd, env, input, timeout, newOutput, user);
    }

    public ExecutionRequest in(String newCwd) {
        return new ExecutionRequest(command, newCwd, env, input, timeout, output, user);
    }

    public ExecutionRequest as(String newUser) {
        return new ExecutionRequest(
                command, cwd, env, input, timeout, output, Optional.of(newUser));
    }

    /// What it is given whole; empty for other kinds of input.
    public String stdin() {
        return input instanceof CommandInput.Text given ? given.text() : "";
    }

    /// Of each output, at most.
    public long outputBytesMax() {
        return output.bytes();
    }

    public boolean keepsLast() {
        return output instanceof OutputKept.Last;
    }

    public boolean isTerminal() {
        return input instanceof CommandInput.Terminal;
    }
}
