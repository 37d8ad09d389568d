package dev.carrel.sandbox;

import dev.carrel.process.LinuxException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The process of a fake command, in a session of its own, and where its streams lead: to pipes, or
/// to a terminal of the host.
record FakeProcess(Process process, Optional<FakeTerminal> terminal) implements AutoCloseable {
    static FakeProcess start(ExecutionRequest request, Path directory, Map<String, String> env)
            throws IOException {
        Optional<FakeTerminal> terminal =
                request.input() instanceof CommandInput.Terminal wanted
                        ? Optional.of(FakeTerminal.open(wanted.size()))
                        : Optional.empty();
        boolean complete = false;
        try {
            var builder = new ProcessBuilder(argv(request, terminal)).directory(directory.toFile());
            builder.environment().clear();
            builder.environment().putAll(env);
            if (request.input().equals(CommandInput.NONE)) {
                builder.redirectInput(Redirect.from(new File("/dev/null")));
            }
            var started = new FakeProcess(builder.start(), terminal);
            complete = true;
            return started;
        } finally {
            if (!complete) {
                terminal.ifPresent(FakeTerminal::close);
            }
        }
    }

    private static List<String> argv(ExecutionRequest request, Optional<FakeTerminal> terminal) {
        // Signals that whoever started the tests ignores (nohup, a shell's &) would be ignored too.
        var argv = new ArrayList<>(List.of("env", "--default-signal"));
        terminal.ifPresentOrElse(
                console -> {
                    String script = "exec setsid -c \"$@\" <>\"$0\" >&0 2>&0";
                    argv.addAll(List.of("sh", "-c", script, console.path()));
                },
                () -> argv.add("setsid"));
        argv.addAll(request.command());
        return argv;
    }

    InputStream stdout() {
        return terminal.map(FakeTerminal::output).orElseGet(process::getInputStream);
    }

    InputStream stderr() {
        return process.getErrorStream();
    }

    OutputStream stdin() {
        return terminal.map(FakeTerminal::input).orElseGet(process::getOutputStream);
    }

    /// To the whole group.
    void signal(int number) {
        if (process.isAlive()) {
            FakeProcesses.signalGroup((int) process.pid(), number);
        }
    }

    /// Whether others of its group live on after it.
    boolean leftOthers() {
        return FakeProcesses.isGroup((int) process.pid());
    }

    void resize(TerminalSize size) throws LinuxException {
        if (terminal.isPresent()) {
            terminal.get().resize(size);
        }
    }

    @Override
    public void close() {
        terminal.ifPresent(FakeTerminal::close);
    }
}
