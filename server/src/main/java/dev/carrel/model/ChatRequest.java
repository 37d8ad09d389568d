package dev.carrel.model;

import java.util.List;

/// One model call. `model` is the provider's own name for it, without our provider prefix. The
/// system prompt and the tools come first and change least, so that providers can cache them.
///
/// INVARIANT: every tool call of an assistant message has exactly one result in the messages right
/// after it.
public record ChatRequest(
        String model,
        String system,
        List<Message> messages,
        List<ToolSpec> tools,
        Reasoning reasoning) {
    public ChatRequest {
        messages = List.copyOf(messages);
        tools = List.copyOf(tools);
    }
}
