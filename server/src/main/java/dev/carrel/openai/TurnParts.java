package dev.carrel.openai;

import dev.carrel.agent.Delta;
import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.agent.TurnId;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.FinishReason;
import dev.carrel.model.ToolCall;
import dev.carrel.model.Usage;
import dev.carrel.session.StreamItem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Turns what a session's readers get into what the caller of one turn gets. Deltas are passed on
/// as they come; entries of the journal then add what was missing, so that the sum is always the
/// whole. Used by one thread.
final class TurnParts {
    private final TurnId turn;
    private final Set<String> callerTools;
    private final LiveText text = new LiveText();
    private final LiveText reasoning = new LiveText();

    /// Calls that the model is writing: their tool, and how much of the arguments was passed on.
    private final Map<String, Draft> drafts = new LinkedHashMap<>();

    /// Calls of the last answer without a result.
    private final Map<String, ToolCall> open = new LinkedHashMap<>();

    private Usage usage = Usage.NONE;
    private FinishReason finish = FinishReason.STOP;

    private record Draft(String tool, int length) {}

    /// `callerTools` are the names of tools that the caller runs itself.
    TurnParts(TurnId turn, Set<String> callerTools) {
        this.turn = turn;
        this.callerTools = Set.copyOf(callerTools);
    }

    /// What the next item means to the caller, in order; often nothing.
    List<Part> of(StreamItem item) {
        var parts = new ArrayList<Part>();
        switch (item) {
            case StreamItem.Live live -> {
                if (live.turn().equals(turn)) {
                    add(live.delta(), parts);
                }
            }
            case StreamItem.Recorded entry -> {
                if (entry.turn().equals(Optional.of(turn))) {
                    add(entry.event(), parts);
                }
            }
        }
        return parts;
    }

    /// The last part for a caller who should not wait until somebody has decided about a call: the
    /// turn itself goes on then.
    Part.End awaitingApproval() {
        return new Part.End("stop", "awaiting_approval", usage);
    }

    private void add(Delta delta, List<Part> parts) {
        switch (delta) {
            case Delta.Text(String piece) -> addText(text.add(piece), parts);
            case Delta.Reasoning(String piece) -> addReasoning(reasoning.add(piece), parts);
            case Delta.ToolArguments(String id, String tool, String piece) -> {
                if (!callerTools.contains(tool)) {
                    prepare(id, tool, piece, parts);
                }
            }
            case Delta.ToolOutput(String id, String piece) -> {
                ToolCall call = open.get(id);
                if (call != null) {
                    parts.add(new Part.Output(id, call.name(), piece));
                }
            }
            case Delta.Restarted() -> {
                text.restart();
                reasoning.restart();
                dropDrafts(parts);
            }
        }
    }

    private void add(Event event, List<Part> parts) {
        switch (event) {
            case Event.SessionCreated _,
                    Event.UserMessage _,
                    Event.TurnStarted _,
                    Event.Compaction _,
                    Event.ModelFailed _,
                    Event.ModelLost _,
                    Event.TurnNudged _ -> {}
            case Event.SnapshotTaken _, Event.SnapshotFailed _ -> {}
            case Event.SessionForked _, Event.SessionRewound _ -> {}
            case Event.ModelStarted _ -> {
                text.nextStep();
                reasoning.nextStep();
            }
            case Event.AssistantMessage answer -> answer(answer, parts);
            case Event.ApprovalRequested request -> {
                ToolCall call = open.get(request.callId());
                if (call != null) {
                    parts.add(new Part.Awaiting(call, request.pattern()));
                }
            }
            case Event.ApprovalDecided _ -> {}
            case Event.ToolStarted started -> {
                ToolCall call = open.get(started.callId());
                if (call != null) {
                    parts.add(new Part.Calling(call));
                }
            }
            case Event.ToolCompleted completed -> completed(completed, parts);
            case Event.TurnCompleted completed -> end(completed, parts);
        }
    }

    private void answer(Event.AssistantMessage answer, List<Part> parts) {
        finish = answer.finish();
        usage = usage.plus(answer.usage());
        addReasoning(reasoning.complete(answer.message().reasoning()), parts);
        addText(text.complete(answer.message().text()), parts);
        open.clear();
        for (ToolCall call : answer.message().toolCalls()) {
            open.put(call.id(), call);
            if (!callerTools.contains(call.name())) {
                completeDraft(call, parts);
            }
        }
        dropDrafts(parts);
    }

    /// What was not passed on of a call's arguments. They are an aid for the eye: [Part.Calling]
    /// has the whole of them.
    private void completeDraft(ToolCall call, List<Part> parts) {
        Draft draft = drafts.remove(call.id());
        int length = draft == null ? 0 : Math.min(draft.length, call.arguments().length());
        if (draft == null || length < call.arguments().length()) {
            String rest = call.arguments().substring(length);
            parts.add(new Part.Preparing(call.id(), call.name(), rest));
        }
    }

    /// Results at the start of a turn are the caller's own and answer calls of the turn before.
    private void completed(Event.ToolCompleted completed, List<Part> parts) {
        ToolCall call = open.remove(completed.callId());
        if (call != null && !callerTools.contains(call.name())) {
            parts.add(
                    new Part.Completed(
                            call, completed.status(), completed.result(), completed.duration()));
        }
    }

    /// The caller's calls are passed on only now, as a whole, though the model wrote them piece by
    /// piece: a client runs what it is given, and until the turn ends for their sake a retry or an
    /// interrupt may still void them.
    private void end(Event.TurnCompleted completed, List<Part> parts) {
        dropDrafts(parts);
        if (completed.reason() == StopReason.ERROR) {
            parts.add(failure(completed));
            return;
        }
        if (completed.reason() == StopReason.TOOL_CALLS) {
            parts.add(new Part.CallerCalls(List.copyOf(open.values())));
        }
        parts.add(
                new Part.End(
                        finishReason(completed.reason()),
                        completed.reason().wireName(),
                        completed.error(),
                        completed.usage()));
    }

    private static Part failure(Event.TurnCompleted completed) {
        Optional<Event.TurnError> error = completed.error();
        for (ErrorCode code : ErrorCode.values()) {
            if (error.isPresent() && code.wireName().equals(error.get().code())) {
                return new Part.Failure(code, error.get().message());
            }
        }
        return new Part.Failure(
                ErrorCode.INTERNAL_ERROR, error.map(Event.TurnError::message).orElse("it failed"));
    }

    private String finishReason(StopReason reason) {
        return switch (reason) {
            case END ->
                    switch (finish) {
                        case STOP, TOOL_CALLS -> "stop";
                        case LENGTH -> "length";
                        case CONTENT_FILTER -> "content_filter";
                    };
            case LENGTH, MAX_STEPS, BUDGET, STUCK, MALFORMED_CALLS -> "length";
            case TOOL_CALLS -> "tool_calls";
            case INTERRUPTED, ERROR -> "stop";
        };
    }

    private void prepare(String id, String tool, String piece, List<Part> parts) {
        int before = drafts.containsKey(id) ? drafts.get(id).length : 0;
        drafts.put(id, new Draft(tool, before + piece.length()));
        parts.add(new Part.Preparing(id, tool, piece));
    }

    private void dropDrafts(List<Part> parts) {
        drafts.forEach((id, draft) -> parts.add(new Part.Dropped(id, draft.tool)));
        drafts.clear();
    }

    private static void addText(String piece, List<Part> parts) {
        if (!piece.isEmpty()) {
            parts.add(new Part.Text(piece));
        }
    }

    private static void addReasoning(String piece, List<Part> parts) {
        if (!piece.isEmpty()) {
            parts.add(new Part.Reasoning(piece));
        }
    }
}
