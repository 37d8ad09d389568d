package dev.carrel.agent;

import dev.carrel.agent.Conversation.OpenCall;
import dev.carrel.error.Nearest;
import dev.carrel.model.ToolCall;
import dev.carrel.model.ToolSpec;
import dev.carrel.tool.Tool;
import dev.carrel.tool.ToolArguments;
import dev.carrel.tool.ToolResult;
import dev.carrel.tool.ToolStatus;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The tools of one agent. A tool that the caller of the API brings along takes the place of the
/// agent's own of the same name for that turn.
final class Toolbox {
    /// More calls in one answer are refused: a model that repeats itself without end.
    static final int CALLS_PER_ANSWER_MAX = 128;

    static final String TOO_MANY =
            "nothing was run: at most " + CALLS_PER_ANSWER_MAX + " calls in one answer";
    static final String RESTARTED =
            "interrupted: the server restarted; it may have run in part; look before you retry";
    static final String CUT_SHORT =
            "nothing was run: your answer reached its length limit before this call was complete;"
                    + " make it again with less text, in several smaller calls if need be";

    private final Map<String, Tool> tools = new LinkedHashMap<>();

    /// `patterns` are exact names, `prefix_*` or `*`; what they do not match is not offered.
    Toolbox(List<String> patterns, List<Tool> tools) {
        for (Tool tool : tools) {
            String name = tool.spec().name();
            if (patterns.stream().anyMatch(pattern -> matches(pattern, name))) {
                this.tools.put(name, tool);
            }
        }
    }

    static boolean matches(String pattern, String tool) {
        return pattern.endsWith("*")
                ? tool.startsWith(pattern.substring(0, pattern.length() - 1))
                : tool.equals(pattern);
    }

    List<String> names() {
        return List.copyOf(tools.keySet());
    }

    /// Whether a call of this tool may have changed files. A tool that is not offered any more may.
    boolean mayWrite(String name) {
        Tool tool = tools.get(name);
        return tool == null || !tool.readOnly();
    }

    /// What the model may call: the agent's own tools, always in the same order, then the caller's.
    List<ToolSpec> specs(List<ToolSpec> callerTools) {
        List<ToolSpec> specs = new ArrayList<>();
        tools.values().stream()
                .map(Tool::spec)
                .filter(spec -> !names(callerTools).contains(spec.name()))
                .forEach(specs::add);
        specs.addAll(callerTools);
        return specs;
    }

    /// What to do about each open call, in order, those excepted that the caller answers.
    List<PlannedCall> plan(List<OpenCall> open, List<ToolSpec> callerTools) {
        List<PlannedCall> plan = new ArrayList<>();
        for (OpenCall call : open) {
            if (call.index() >= CALLS_PER_ANSWER_MAX) {
                plan.add(refuse(call.call(), TOO_MANY));
            } else if (names(callerTools).contains(call.call().name())) {
                callerCall(call, callerTools).ifPresent(plan::add);
            } else {
                plan.add(plan(call, callerTools));
            }
        }
        return plan;
    }

    private static List<String> names(List<ToolSpec> specs) {
        return specs.stream().map(ToolSpec::name).toList();
    }

    /// The caller checks arguments itself; only what cannot be complete never reaches it.
    private static Optional<PlannedCall> callerCall(OpenCall open, List<ToolSpec> callerTools) {
        ToolSpec spec =
                callerTools.stream()
                        .filter(tool -> tool.name().equals(open.call().name()))
                        .findFirst()
                        .orElseThrow();
        return open.cutShort() && !isComplete(spec, open.call())
                ? Optional.of(refuse(open.call(), CUT_SHORT))
                : Optional.empty();
    }

    private static boolean isComplete(ToolSpec spec, ToolCall call) {
        return !call.arguments().isBlank()
                && !(ToolArguments.parse(spec, call.arguments())
                        instanceof ToolArguments.Malformed);
    }

    private PlannedCall plan(OpenCall open, List<ToolSpec> callerTools) {
        ToolCall call = open.call();
        Tool tool = tools.get(call.name());
        if (tool == null) {
            return refuse(call, unknown(call.name(), names(specs(callerTools))));
        }
        if (open.started() && !tool.resumable()) {
            return new PlannedCall.Answer(call, new ToolResult(ToolStatus.INTERRUPTED, RESTARTED));
        }
        if (open.cutShort() && !isComplete(tool.spec(), call)) {
            return refuse(call, CUT_SHORT);
        }
        return switch (ToolArguments.parse(tool.spec(), call.arguments())) {
            case ToolArguments.Valid valid ->
                    new PlannedCall.Run(call, tool, valid.arguments(), open.started());
            case ToolArguments.Malformed malformed -> refuse(call, malformed.problem());
            case ToolArguments.Mismatch mismatch ->
                    refuse(call, call.name() + ": " + mismatch.problem());
        };
    }

    private static PlannedCall refuse(ToolCall call, String text) {
        return new PlannedCall.Answer(call, ToolResult.error(text));
    }

    private static String unknown(String name, List<String> known) {
        return "there is no tool \""
                + name
                + "\""
                + Nearest.to(name, known).map(near -> "; did you mean \"" + near + "\"?").orElse("")
                + (known.isEmpty() ? "" : ". Tools: " + String.join(", ", known));
    }
}
