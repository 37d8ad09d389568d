package dev.carrel.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.carrel.cli.Terminal.Style;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// Shows a turn while it runs: what the model says, what each tool does, diffs and output.
final class TurnPrinter {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PREVIEW_LINES_MAX = 12;
    private static final Map<String, String> VERBS =
            Map.of(
                    "read", "reading",
                    "list", "listing",
                    "write", "writing",
                    "edit", "editing",
                    "bash", "running",
                    "glob", "finding",
                    "grep", "searching");

    private final Terminal terminal;
    private final Set<String> shownLive = new HashSet<>();
    private Style liveStyle = Style.PLAIN;
    private boolean midLine;

    /// What was shown of the answer that the model is writing.
    private final StringBuilder liveText = new StringBuilder();

    private boolean answerBegun;

    TurnPrinter(Terminal terminal) {
        this.terminal = terminal;
    }

    /// Shows one journal entry or delta, as the API gives it.
    void show(JsonNode item) {
        switch (item.path("type").asText()) {
            case "delta" -> delta(item);
            case "message.assistant" -> assistant(item);
            case "approval.requested" -> {
                started(item);
                terminal.line(Style.NOTE, "  waits for approval: " + item.path("pattern").asText());
            }
            case "approval.decided" -> decided(item);
            case "tool.started" -> started(item);
            case "tool.completed" -> completed(item);
            case "compaction" -> compacted(item);
            case "model.failed" -> modelFailed(item);
            case "turn.nudged" -> {
                endLine();
                terminal.line(
                        Style.NOTE,
                        "(going in circles: " + item.path("pattern").asText() + "; told so)");
            }
            case "turn.completed" -> ended(item);
            default -> {
                // The rest is bookkeeping: `carrel logs` shows it.
            }
        }
    }

    private void delta(JsonNode item) {
        String text = item.path("text").asText();
        switch (item.path("kind").asText()) {
            case "text" -> {
                live(Style.PLAIN, "", text);
                liveText.append(text);
                answerBegun = true;
            }
            case "reasoning" -> {
                live(Style.DIM, "", text);
                answerBegun = true;
            }
            case "tool_output" -> {
                shownLive.add(item.path("call_id").asText());
                live(Style.DIM, "    ", text);
            }
            case "restarted" -> restarted();
            default -> {
                // Arguments in the making: the whole call follows at once.
            }
        }
    }

    /// Goes on with the line that was begun in the same style; a change of style begins another.
    private void live(Style style, String indent, String text) {
        if (style != liveStyle) {
            endLine();
            liveStyle = style;
        }
        for (String piece : text.split("(?<=\n)")) {
            String start = midLine || piece.equals("\n") ? "" : indent;
            terminal.write(style, start + piece);
            midLine = !piece.endsWith("\n");
        }
    }

    /// Models are asked again for many reasons; whoever has seen nothing yet need not know.
    private void restarted() {
        endLine();
        if (answerBegun) {
            terminal.line(Style.NOTE, "(the model's answer broke off; asking again)");
        }
        answerIsOver();
    }

    private void answerIsOver() {
        liveText.setLength(0);
        answerBegun = false;
    }

    /// Pieces may be missing, where the stream was opened late or broke off.
    private void assistant(JsonNode item) {
        String text = item.path("text").asText();
        boolean begun = text.startsWith(liveText.toString());
        if (!begun) {
            endLine();
        }
        String missing = begun ? text.substring(liveText.length()) : text;
        if (!missing.isEmpty()) {
            live(Style.PLAIN, "", missing);
        }
        answerIsOver();
        endLine();
    }

    private void started(JsonNode item) {
        endLine();
        String tool = item.path("tool").asText();
        terminal.line(
                Style.ACTION,
                "  " + VERBS.getOrDefault(tool, tool) + " " + subject(item.path("arguments")));
    }

    /// What a call is about: the argument that says most.
    private static String subject(JsonNode arguments) {
        JsonNode parsed = arguments;
        if (arguments.isTextual()) {
            try {
                parsed = JSON.readTree(arguments.asText());
            } catch (JsonProcessingException e) {
                return arguments.asText(); // The model wrote no JSON: show what it wrote.
            }
        }
        for (String key : new String[] {"command", "pattern", "path"}) {
            if (parsed.hasNonNull(key)) {
                return firstLine(parsed.path(key).asText());
            }
        }
        return parsed.isEmpty() ? "" : parsed.toString();
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("") + (text.lines().count() > 1 ? " …" : "");
    }

    private void completed(JsonNode item) {
        endLine();
        String result = item.path("result").asText();
        boolean ok = item.path("status").asText().equals("ok");
        if (result.contains("```diff")) {
            diff(result);
        } else if (!ok || !shownLive.contains(item.path("call_id").asText())) {
            preview(result, ok ? Style.DIM : Style.BAD);
        }
        if (!ok) {
            terminal.line(Style.BAD, "    " + item.path("status").asText());
        }
    }

    private void decided(JsonNode item) {
        boolean allowed = item.path("decision").asText().equals("allow");
        String scope = item.path("for_session").asBoolean() ? " for the session" : "";
        String by = item.has("by") ? " by " + item.path("by").asText() : "";
        terminal.line(
                allowed ? Style.GOOD : Style.BAD,
                (allowed ? "  allowed" + scope : "  denied") + by);
    }

    private void diff(String result) {
        result.substring(result.indexOf("```diff"))
                .lines()
                .skip(1)
                .takeWhile(line -> !line.startsWith("```"))
                .forEach(this::diffLine);
    }

    void diffLine(String line) {
        Style style =
                line.startsWith("+") ? Style.GOOD : line.startsWith("-") ? Style.BAD : Style.DIM;
        terminal.line(style, "    " + line);
    }

    private void preview(String text, Style style) {
        text.lines().limit(PREVIEW_LINES_MAX).forEach(line -> terminal.line(style, "    " + line));
        long more = text.lines().count() - PREVIEW_LINES_MAX;
        if (more > 0) {
            terminal.line(Style.DIM, "    … " + more + " more lines");
        }
    }

    private void compacted(JsonNode item) {
        endLine();
        String what =
                switch (item.path("kind").asText()) {
                    case "summary" -> "older steps were summed up";
                    case "left_out" -> "older steps were left out, without a summary";
                    case "texts" -> "older messages and results were shortened";
                    default -> "older results were shortened";
                };
        terminal.line(
                Style.NOTE,
                "(the conversation was long: %s, %d tokens became %d)"
                        .formatted(
                                what,
                                item.path("tokens_before").asLong(),
                                item.path("tokens_after").asLong()));
    }

    private void modelFailed(JsonNode item) {
        endLine();
        terminal.line(
                Style.NOTE,
                "(no answer of %s, going on to the next model: %s)"
                        .formatted(
                                item.path("model").asText(),
                                item.path("error").path("message").asText()));
    }

    private void ended(JsonNode item) {
        endLine();
        String reason = item.path("stop_reason").asText();
        if (!reason.equals("end")) {
            terminal.line(Style.BAD, "The turn stopped: " + reason);
        }
        if (item.hasNonNull("error")) {
            JsonNode error = item.path("error");
            terminal.line(
                    Style.BAD, error.path("code").asText() + ": " + error.path("message").asText());
        }
    }

    private void endLine() {
        if (midLine) {
            terminal.line("");
            midLine = false;
        }
    }
}
