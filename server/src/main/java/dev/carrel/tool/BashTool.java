package dev.carrel.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.model.ToolSpec;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.ExecutionResult;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// `bash`: a command line. After a crash it takes the result of the same execution.
final class BashTool implements Tool {
    static final int RESULT_CHARS_MAX = 30_000;
    static final int TIMEOUT_SECONDS_DEFAULT = 120;
    static final int TIMEOUT_SECONDS_MAX = 600;

    /// Linux takes no longer argument (`MAX_ARG_STRLEN`, 128 KiB), and some of it is ours.
    static final int COMMAND_BYTES_MAX = 120_000;

    private static final long OUTPUT_BYTES_MAX = 4 << 20;

    /// Falls back on `sh` in images that have no bash. The command is an argument, never part of
    /// this text.
    private static final String SHELL =
            "if command -v bash >/dev/null 2>&1; then exec bash -c \"$1\" bash; fi;"
                    + " exec sh -c \"$1\" sh";

    /// A kill reaches one session.
    private static final String LEFT_OVER =
            "what moved into a session of its own (setsid) goes on until the sandbox is stopped";

    private static final ToolSpec SPEC =
            new Schema()
                    .text("command", "The command line; it starts in the working directory")
                    .number(
                            "timeout_seconds",
                            1,
                            TIMEOUT_SECONDS_MAX,
                            "When to kill it; default " + TIMEOUT_SECONDS_DEFAULT)
                    .spec(
                            "bash",
                            "Runs a command line in the sandbox and gives its output and exit"
                                    + " code. Each call is a new shell. Long output is cut in the"
                                    + " middle; the whole is kept in a file that the result names.",
                            "command");

    @Override
    public ToolSpec spec() {
        return SPEC;
    }

    @Override
    public boolean readOnly() {
        return false;
    }

    @Override
    public boolean resumable() {
        return true;
    }

    @Override
    public ToolResult run(ObjectNode arguments, ToolContext context) {
        String command = arguments.path("command").asText();
        int seconds = arguments.path("timeout_seconds").asInt(TIMEOUT_SECONDS_DEFAULT);
        if (command.isBlank() || command.indexOf('\0') >= 0) {
            return ToolResult.error("the command is empty, or has a NUL character in it");
        }
        if (command.getBytes(StandardCharsets.UTF_8).length > COMMAND_BYTES_MAX) {
            return ToolResult.error(
                    "the command is longer than "
                            + COMMAND_BYTES_MAX
                            + " bytes; write a script file and run that");
        }
        var request =
                new ExecutionRequest(
                        List.of("/bin/sh", "-c", SHELL, "sh", command),
                        context.directory(),
                        Map.of(),
                        "",
                        Duration.ofSeconds(seconds),
                        OUTPUT_BYTES_MAX);
        ExecutionResult result = Commands.run(context, request, (_, text) -> context.output(text));
        return new ToolResult(status(result, context), text(result, context, seconds));
    }

    private static ToolStatus status(ExecutionResult result, ToolContext context) {
        return switch (result.status()) {
            case COMPLETED -> ToolStatus.OK;
            case KILLED ->
                    context.cancellation().isCancelled()
                            ? ToolStatus.INTERRUPTED
                            : ToolStatus.ERROR;
            case TIMED_OUT, OUT_OF_MEMORY, RUNNING -> ToolStatus.ERROR;
            case INTERRUPTED -> ToolStatus.INTERRUPTED;
        };
    }

    private static String text(ExecutionResult result, ToolContext context, int seconds) {
        var text = new StringBuilder(result.stdout());
        endLine(text);
        if (!result.stderr().isEmpty()) {
            text.append(result.stdout().isEmpty() ? "" : "--- stderr ---\n");
            text.append(result.stderr());
            endLine(text);
        }
        String whole = text.toString();
        String kept =
                whole.length() > RESULT_CHARS_MAX
                        ? KeptOutput.keep(context, result.id(), whole)
                        : "";
        String dropped =
                result.truncated()
                        ? "[output after the first " + OUTPUT_BYTES_MAX + " bytes was dropped]\n"
                        : "";
        return Excerpt.middle(whole, RESULT_CHARS_MAX)
                + kept
                + dropped
                + ending(result, context, seconds);
    }

    private static void endLine(StringBuilder text) {
        if (!text.isEmpty() && text.charAt(text.length() - 1) != '\n') {
            text.append('\n');
        }
    }

    private static String ending(ExecutionResult result, ToolContext context, int seconds) {
        String code = result.exitCode().isPresent() ? "" + result.exitCode().getAsInt() : "unknown";
        return switch (result.status()) {
            case COMPLETED -> "exit code: " + code;
            case TIMED_OUT ->
                    "timed out after "
                            + seconds
                            + " seconds and was killed with all of its session; "
                            + LEFT_OVER
                            + "; set timeout_seconds (at most "
                            + TIMEOUT_SECONDS_MAX
                            + "), or run it in the background";
            case KILLED ->
                    context.cancellation().isCancelled()
                            ? "interrupted: the turn was stopped and the command killed with all"
                                    + " of its session; "
                                    + LEFT_OVER
                            : "killed by a signal, exit code: " + code;
            case OUT_OF_MEMORY ->
                    "out of memory: the sandbox reached its memory limit, exit code: " + code;
            case INTERRUPTED ->
                    "interrupted: the sandbox ended under the command; it may have run in part;"
                            + " look before you retry";
            case RUNNING -> "still running";
        };
    }
}
