package dev.carrel.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/// A conversation as a Messages request has it: user and assistant by turns, each a list of blocks
/// none of which is empty.
final class AnthropicMessages {
    /// A lookup in the cache starts at a mark and goes back 20 blocks at most; with two marks, a
    /// step of many parallel calls still finds the one of the step before.
    private static final int MARKED_MESSAGES = 2;

    private static final String TOOL_ID_ILLEGAL = "[^a-zA-Z0-9_-]";

    private final ToolNames names;
    private final ArrayNode messages = Json.NODES.arrayNode();

    private AnthropicMessages(ToolNames names) {
        this.names = names;
    }

    static ArrayNode of(ChatRequest request, ToolNames names) {
        var translated = new AnthropicMessages(names);
        request.messages().forEach(translated::add);
        translated.mark();
        return translated.messages;
    }

    /// Whether the turn under way, all answers since the user last spoke, began with thinking: if
    /// it began without, Anthropic refuses a budget for more of it.
    static boolean mayThink(List<Message> messages) {
        boolean may = true;
        for (Message message : messages.reversed()) {
            switch (message) {
                case Message.User _ -> {
                    return may;
                }
                case Message.Assistant assistant -> may = !AnthropicLayout.of(assistant).isEmpty();
                case Message.ToolResult _ -> {}
            }
        }
        return may;
    }

    private void add(Message message) {
        switch (message) {
            case Message.User user -> text("user", user.text());
            case Message.Assistant assistant -> assistant(assistant);
            case Message.ToolResult result -> result(result);
        }
    }

    private void text(String role, String text) {
        if (!text.isBlank()) {
            block(role, "text").put("text", text);
        } else if (role.equals("user")) {
            block(role, "text").put("text", "(empty message)");
        }
    }

    private void assistant(Message.Assistant assistant) {
        List<AnthropicLayout.Block> layout = AnthropicLayout.of(assistant);
        if (layout.isEmpty()) {
            text("assistant", assistant.text());
            assistant.toolCalls().forEach(this::call);
            return;
        }
        for (AnthropicLayout.Block block : layout) {
            switch (block) {
                case AnthropicLayout.Thinking thinking ->
                        block("assistant", "thinking")
                                .put("thinking", thinking.in(assistant.reasoning()))
                                .put("signature", thinking.signature());
                case AnthropicLayout.Redacted redacted ->
                        block("assistant", "redacted_thinking").put("data", redacted.data());
                case AnthropicLayout.Text text -> text("assistant", text.in(assistant.text()));
                case AnthropicLayout.Call call -> call(assistant.toolCalls().get(call.position()));
            }
        }
    }

    private void call(ToolCall call) {
        block("assistant", "tool_use")
                .put("id", id(call.id()))
                .put("name", names.toProvider(call.name()))
                .set("input", ToolArguments.object(call));
    }

    private void result(Message.ToolResult result) {
        ObjectNode block = block("user", "tool_result").put("tool_use_id", id(result.callId()));
        if (!result.text().isBlank()) {
            block.put("content", result.text());
        }
        if (result.error()) {
            block.put("is_error", true);
        }
    }

    /// Ids of other providers may hold characters that this one refuses.
    private static String id(String id) {
        return id.replaceAll(TOOL_ID_ILLEGAL, "_");
    }

    private ObjectNode block(String role, String type) {
        ObjectNode message =
                messages.isEmpty() ? null : (ObjectNode) messages.get(messages.size() - 1);
        if (message == null || !message.path("role").asText().equals(role)) {
            message = messages.addObject().put("role", role);
            message.putArray("content");
        }
        return message.withArray("content").addObject().put("type", type);
    }

    private void mark() {
        int left = MARKED_MESSAGES;
        for (int i = messages.size() - 1; i >= 0 && left > 0; i--) {
            if (messages.get(i).path("role").asText().equals("user")) {
                ArrayNode content = (ArrayNode) messages.get(i).path("content");
                AnthropicProtocol.mark((ObjectNode) content.get(content.size() - 1));
                left--;
            }
        }
    }
}
