package dev.carrel.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/// The parts of a turn put together to one answer: what a client would make of the stream. Used by
/// one thread.
final class Completion {
    private final AnswerHead head;
    private final StringBuilder content = new StringBuilder();
    private final StringBuilder reasoning = new StringBuilder();
    private final ArrayNode callerCalls = PartJson.object().arrayNode();
    private final ArrayNode executed = PartJson.object().arrayNode();

    Completion(AnswerHead head) {
        this.head = head;
    }

    /// Takes every part but the last one of the turn.
    void add(Part part) {
        switch (part) {
            case Part.Text(String text) -> content.append(text);
            case Part.Reasoning(String text) -> reasoning.append(text);
            case Part.Completed p -> {
                String state = PartJson.state(p.status());
                ObjectNode json = PartJson.toolCall(p.call().id(), p.call().name(), state);
                executed.add(PartJson.withResult(PartJson.withArguments(json, p.call()), p));
            }
            case Part.CallerCalls(var calls) ->
                    calls.forEach(
                            call -> callerCalls.add(PartJson.callerCall(head.session(), call)));
            case Part.Preparing _,
                    Part.Calling _,
                    Part.Awaiting _,
                    Part.Output _,
                    Part.Dropped _,
                    Part.End _,
                    Part.Failure _ -> {}
        }
    }

    ObjectNode json(Part.End end) {
        ObjectNode json = head.json("chat.completion");
        ObjectNode choice = json.putArray("choices").addObject().put("index", 0);
        choice.set("message", message());
        choice.putNull("logprobs");
        PartJson.putEnd(end, choice);
        choice.set("tool_calls_executed", executed);
        json.set("usage", PartJson.usage(end.usage()));
        return json.put("session_id", head.session().value());
    }

    private ObjectNode message() {
        ObjectNode message = PartJson.object().put("role", "assistant");
        if (content.isEmpty() && !callerCalls.isEmpty()) {
            message.putNull("content");
        } else {
            message.put("content", content.toString());
        }
        message.putNull("refusal");
        if (!reasoning.isEmpty()) {
            message.put("reasoning_content", reasoning.toString());
        }
        if (!callerCalls.isEmpty()) {
            message.set("tool_calls", callerCalls);
        }
        return message;
    }
}
