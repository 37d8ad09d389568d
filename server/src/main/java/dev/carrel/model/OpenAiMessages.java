package dev.carrel.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/// A conversation as a chat completions request has it.
final class OpenAiMessages {
    private final ToolNames names;
    private final ArrayNode messages = Json.NODES.arrayNode();

    private OpenAiMessages(ToolNames names) {
        this.names = names;
    }

    static ArrayNode of(ChatRequest request, ToolNames names) {
        var translated = new OpenAiMessages(names);
        if (!request.system().isBlank()) {
            translated.add("system").put("content", request.system());
        }
        request.messages().forEach(translated::add);
        return translated.messages;
    }

    private void add(Message message) {
        switch (message) {
            case Message.User user -> add("user").put("content", user.text());
            case Message.Assistant assistant -> assistant(assistant);
            case Message.ToolResult result ->
                    add("tool")
                            .put("tool_call_id", result.callId())
                            .put("content", error(result) + result.text());
        }
    }

    /// The API has no flag for it, and a model may not see from the text alone that a call failed.
    private static String error(Message.ToolResult result) {
        return result.error() && !result.text().regionMatches(true, 0, "error", 0, 5)
                ? "Error: "
                : "";
    }

    private void assistant(Message.Assistant assistant) {
        if (assistant.text().isBlank() && assistant.toolCalls().isEmpty()) {
            return; // nothing was said; providers refuse an empty message
        }
        ObjectNode message = add("assistant");
        if (assistant.text().isEmpty()) {
            message.putNull("content");
        } else {
            message.put("content", assistant.text());
        }
        var extras = OpenAiExtras.of(assistant.reasoningSignature());
        extras.reasoningKey().ifPresent(key -> message.put(key, assistant.reasoning()));
        if (!assistant.toolCalls().isEmpty()) {
            ArrayNode calls = message.putArray("tool_calls");
            for (ToolCall call : assistant.toolCalls()) {
                Optional<JsonNode> extra = extras.ofCall(calls.size());
                call(call, extra, calls.addObject());
            }
        }
    }

    private void call(ToolCall call, Optional<JsonNode> extra, ObjectNode node) {
        node.put("id", call.id()).put("type", "function");
        node.putObject("function")
                .put("name", names.toProvider(call.name()))
                .put("arguments", ToolArguments.text(call));
        extra.ifPresent(value -> node.set(OpenAiExtras.CALL_KEY, value));
    }

    private ObjectNode add(String role) {
        return messages.addObject().put("role", role);
    }
}
