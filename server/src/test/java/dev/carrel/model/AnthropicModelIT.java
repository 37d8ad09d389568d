package dev.carrel.model;

import static dev.carrel.model.Chats.request;
import static dev.carrel.model.Chats.user;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class AnthropicModelIT extends ProviderContract {
    @Override
    Protocol protocol(ProviderAccess access, OptionalInt outputTokensMax) {
        return new AnthropicProtocol(access, outputTokensMax);
    }

    private static ObjectNode event(ArrayList<ObjectNode> events, String type) {
        ObjectNode event = Json.object().put("type", type);
        events.add(event);
        return event;
    }

    private static void block(
            ArrayList<ObjectNode> events,
            int index,
            ObjectNode start,
            String deltaType,
            String deltaKey,
            String whole) {
        event(events, "content_block_start").put("index", index).set("content_block", start);
        for (String piece : whole.split("(?<= )")) {
            event(events, "content_block_delta")
                    .put("index", index)
                    .putObject("delta")
                    .put("type", deltaType)
                    .put(deltaKey, piece);
        }
        event(events, "content_block_stop").put("index", index);
    }

    @Override
    List<String> events(Message.Assistant answer) {
        var events = new ArrayList<ObjectNode>();
        ObjectNode message =
                event(events, "message_start").putObject("message").put("model", "claude-x-2026");
        message.putObject("usage").put("input_tokens", 11).put("output_tokens", 1);
        int index = 0;
        if (!answer.reasoning().isEmpty()) {
            ObjectNode start = Json.object().put("type", "thinking").put("thinking", "");
            block(events, index++, start, "thinking_delta", "thinking", answer.reasoning());
        }
        event(events, "ping");
        if (!answer.text().isEmpty()) {
            ObjectNode start = Json.object().put("type", "text").put("text", "");
            block(events, index++, start, "text_delta", "text", answer.text());
        }
        for (ToolCall call : answer.toolCalls()) {
            ObjectNode start = Json.object().put("type", "tool_use").put("id", call.id());
            start.put("name", call.name()).putObject("input");
            block(events, index++, start, "input_json_delta", "partial_json", call.arguments());
        }
        ObjectNode end = event(events, "message_delta");
        end.putObject("delta")
                .put("stop_reason", answer.toolCalls().isEmpty() ? "end_turn" : "tool_use");
        end.putObject("usage").put("output_tokens", 7);
        event(events, "message_stop");
        return events.stream()
                .map(e -> "event: " + e.path("type").asText() + "\ndata: " + Json.write(e))
                .toList();
    }

    @Override
    List<String> signsOfLife() {
        return List.of(
                ": still here",
                "event: ping\ndata: {\"type\":\"ping\"}",
                "data: {\"type\":\"content_block_delta\",\"index\":0,"
                        + "\"delta\":{\"type\":\"text_delta\",\"text\":\"\"}}");
    }

    @Override
    String overloadEvent() {
        return "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
                + "\"message\":\"Overloaded\"}}";
    }

    @Override
    String overflowBody() {
        return """
        {"type":"error","error":{"type":"invalid_request_error",\
        "message":"prompt is too long: 210000 tokens > 200000 maximum"}}\
        """;
    }

    @Test
    void sendsKeyVersionAndPath() {
        saying(said("", "Hello.")).chat(request(user("Hello")), listener, cancellation);
        var received = provider.received().getFirst();
        assertThat(received.line()).isEqualTo("POST /v1/messages HTTP/1.1");
        assertThat(received.headers())
                .containsEntry("x-api-key", "sk-0123456789-secret")
                .containsEntry("anthropic-version", "2023-06-01")
                .doesNotContainKey("authorization");
    }
}
