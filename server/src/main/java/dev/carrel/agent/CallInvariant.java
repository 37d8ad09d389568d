package dev.carrel.agent;

import dev.carrel.model.Message;
import dev.carrel.model.ToolCall;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/// INVARIANT: every tool call of an assistant message has exactly one result in the messages right
/// after it, and no result stands alone. Providers refuse anything else, and then for ever.
final class CallInvariant {
    private CallInvariant() {}

    static void check(List<Message> messages) {
        Deque<String> open = new ArrayDeque<>();
        for (Message message : messages) {
            switch (message) {
                case Message.ToolResult result ->
                        require(open.remove(result.callId()), "a stray result", result.callId());
                case Message.User _ -> require(open.isEmpty(), "an unanswered call", open);
                case Message.Assistant assistant -> {
                    require(open.isEmpty(), "an unanswered call", open);
                    assistant.toolCalls().stream().map(ToolCall::id).forEach(open::add);
                }
            }
        }
        require(open.isEmpty(), "an unanswered call", open);
    }

    private static void require(boolean condition, String what, Object which) {
        if (!condition) {
            throw new IllegalStateException("the messages have " + what + ": " + which);
        }
    }
}
