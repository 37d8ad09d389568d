package dev.carrel.model;

import java.util.List;
import java.util.Optional;

/// One message of a conversation. The system prompt is not one: see [ChatRequest].
public sealed interface Message {
    /// What the end user, or Carrel on the user's behalf, says.
    record User(String text) implements Message {}

    /// What the model said. `reasoningSignature` is the provider's opaque proof of `reasoning`; a
    /// provider that gave one wants it back unchanged.
    record Assistant(
            String text,
            String reasoning,
            Optional<String> reasoningSignature,
            List<ToolCall> toolCalls)
            implements Message {
        public Assistant {
            toolCalls = List.copyOf(toolCalls);
        }
    }

    /// The answer to one [ToolCall] of the assistant message before.
    record ToolResult(String callId, String toolName, String text, boolean error)
            implements Message {}
}
