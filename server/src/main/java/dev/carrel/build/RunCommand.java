package dev.carrel.build;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.image.PartsHash;
import dev.carrel.sandbox.CommandInput;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.ExecutionResult;
import dev.carrel.sandbox.OutputKept;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A RUN with all that it depends on.
final class RunCommand {
    /// Of what a failed command wrote last, in the message.
    static final int TAIL_CHARS = 4096;

    private final Instruction.Run run;
    private final List<String> command;
    private final Map<String, String> variables;
    private final String user;
    private final String directory;

    RunCommand(Instruction.Run run, StageState state) {
        this.run = run;
        this.command = new ArrayList<>(run.isShell() ? state.shell() : List.of());
        command.addAll(run.command());
        this.variables = state.variables();
        this.user = state.user().isEmpty() ? ExecutionRequest.ROOT : state.user();
        this.directory = state.directory();
    }

    StepKey key(StepKey before) {
        List<String> parts = new ArrayList<>(List.of("RUN", user, directory));
        parts.add(PartsHash.of(variables));
        parts.addAll(command);
        return before.then(parts.toArray(String[]::new));
    }

    void run(Bench bench, BuildSite site, BuildListener listener) throws InterruptedException {
        Duration left = site.timeLeft(run.line());
        var request =
                new ExecutionRequest(
                        command,
                        directory,
                        variables,
                        new CommandInput.Text(""),
                        left,
                        new OutputKept.Last(),
                        Optional.of(user));
        var tail = new Tail(listener);
        ExecutionResult result = bench.run(request, tail);
        if (result.exitCode().orElse(-1) != 0 || !isCompleted(result)) {
            throw new CarrelException(ErrorCode.BUILD_FAILED, said(result, site) + tail.text());
        }
    }

    private static boolean isCompleted(ExecutionResult result) {
        return result.status() == dev.carrel.sandbox.ExecutionStatus.COMPLETED;
    }

    private static String said(ExecutionResult result, BuildSite site) {
        return switch (result.status()) {
            case TIMED_OUT ->
                    "the build of %s took more than %d minutes, which is the limit"
                            .formatted(site.request().name(), ImageBuilds.TIME_MAX.toMinutes());
            case OUT_OF_MEMORY -> "it ran out of memory";
            case KILLED, INTERRUPTED, RUNNING -> "it was killed";
            case COMPLETED -> "it exited with " + result.exitCode().orElse(-1);
        };
    }

    /// Passes output on and keeps the end of it.
    private static final class Tail implements Execution.OutputListener {
        private final BuildListener listener;
        private final StringBuilder last = new StringBuilder();

        Tail(BuildListener listener) {
            this.listener = listener;
        }

        @Override
        public void output(Execution.Stream stream, String text) {
            last.append(text);
            if (last.length() > 2 * TAIL_CHARS) {
                last.delete(0, last.length() - TAIL_CHARS);
            }
            listener.output(stream, text);
        }

        String text() {
            String text = last.substring(Math.max(0, last.length() - TAIL_CHARS)).strip();
            return text.isEmpty() ? "" : "; it said last:\n" + text;
        }
    }
}
