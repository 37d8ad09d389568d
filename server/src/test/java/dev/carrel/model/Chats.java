package dev.carrel.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/// Short forms for the requests of tests.
final class Chats {
    static final ToolSpec BASH = tool("bash", "Runs a command.");
    static final ToolSpec READ = tool("read", "Reads a file.");

    private Chats() {}

    static ToolSpec tool(String name, String description) {
        ObjectNode parameters = Json.object().put("type", "object");
        parameters.putObject("properties");
        return new ToolSpec(name, description, parameters);
    }

    static ChatRequest request(Message... messages) {
        return new ChatRequest(
                "some-model", "Be brief.", List.of(messages), List.of(BASH, READ), Reasoning.OFF);
    }

    static Message.User user(String text) {
        return new Message.User(text);
    }

    static Message.Assistant assistant(String text, ToolCall... calls) {
        return new Message.Assistant(text, "", Optional.empty(), List.of(calls));
    }

    static Message.ToolResult result(String callId, String text) {
        return new Message.ToolResult(callId, "bash", text, false);
    }
}
