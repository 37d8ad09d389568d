package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;
import java.util.Optional;

/// A command to run in a sandbox. `cwd` is `/workspace` when absent, `timeout_seconds` 60.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record ExecuteRequest(
        Command command,
        Optional<String> cwd,
        Map<String, String> env,
        Optional<String> stdin,
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
                Optional.empty());
    }

    public ExecuteRequest in(String directory) {
        return new ExecuteRequest(
                command, Optional.of(directory), env, stdin, timeoutSeconds, background, cache);
    }

    public ExecuteRequest withEnv(Map<String, String> variables) {
        return new ExecuteRequest(
                command, cwd, variables, stdin, timeoutSeconds, background, cache);
    }

    public ExecuteRequest withStdin(String text) {
        return new ExecuteRequest(
                command, cwd, env, Optional.of(text), timeoutSeconds, background, cache);
    }

    public ExecuteRequest withTimeoutSeconds(double seconds) {
        return new ExecuteRequest(
                command, cwd, env, stdin, Optional.of(seconds), background, cache);
    }
}
