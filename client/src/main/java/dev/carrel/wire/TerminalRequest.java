package dev.carrel.wire;

import java.util.Map;
import java.util.Optional;

/// A terminal to open, or with `id` one that is open, to be seen from byte `from` of its output on.
/// Without a `command` it is a shell.
public record TerminalRequest(
        int cols,
        int rows,
        Optional<String> command,
        Optional<String> cwd,
        Optional<String> user,
        Map<String, String> env,
        Optional<Seen> seen) {
    /// An open terminal, and how much of it was seen.
    public record Seen(String id, long from) {}

    public TerminalRequest {
        env = Map.copyOf(env);
    }

    public static TerminalRequest shell(int cols, int rows) {
        return new TerminalRequest(
                cols,
                rows,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Map.of(),
                Optional.empty());
    }

    public TerminalRequest running(String line) {
        return new TerminalRequest(cols, rows, Optional.of(line), cwd, user, env, seen);
    }

    public TerminalRequest again(String id, long from) {
        return new TerminalRequest(
                cols, rows, command, cwd, user, env, Optional.of(new Seen(id, from)));
    }
}
