package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;
import java.util.Optional;

/// A command to run in a sandbox. Absent, `cwd` and `user` are what the image says, or else
/// `/workspace` and root; `timeout_seconds` is 60, or none in the background, and pauses of the
/// sandbox are not counted. `user` is a name or number inside, with `:` and a group if need be.
/// With `background` the answer comes at once. With `stdin_open`, the default in the background,
/// more standard input can be sent while it runs.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record ExecuteRequest(
        Command command,
        Optional<String> cwd,
        Map<String, String> env,
        Optional<String> user,
        Optional<String> stdin,
        Optional<Boolean> stdinOpen,
        Optional<Double> timeoutSeconds,
        Optional<Boolean> background,
        Optional<Boolean> cache) {
    public ExecuteRequest {
        env = Map.copyOf(env);
    }

    public static ExecuteRequest of(Command command) {
        return new ExecuteRequest(
                command,
                Optional.empty(),
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    public ExecuteRequest in(String directory) {
        return new ExecuteRequest(
                command,
                Optional.of(directory),
                env,
                user,
                stdin,
                stdinOpen,
                timeoutSeconds,
                background,
                cache);
    }

    public ExecuteRequest withEnv(Map<String, String> variables) {
        return new ExecuteRequest(
                command, cwd, variables, user, stdin, stdinOpen, timeoutSeconds, background, cache);
    }

    public ExecuteRequest as(String someone) {
        return new ExecuteRequest(
                command,
                cwd,
                env,
                Optional.of(someone),
                stdin,
                stdinOpen,
                timeoutSeconds,
                background,
                cache);
    }

    public ExecuteRequest withStdin(String text) {
        return new ExecuteRequest(
                command,
                cwd,
                env,
                user,
                Optional.of(text),
                stdinOpen,
                timeoutSeconds,
                background,
                cache);
    }

    public ExecuteRequest withTimeoutSeconds(double seconds) {
        return new ExecuteRequest(
                command, cwd, env, user, stdin, stdinOpen, Optional.of(seconds), background, cache);
    }

    public ExecuteRequest inBackground() {
        return new ExecuteRequest(
                command,
                cwd,
                env,
                user,
                stdin,
                stdinOpen,
                timeoutSeconds,
                Optional.of(true),
                cache);
    }
}
