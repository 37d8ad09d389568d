package dev.carrel.model;

import static dev.carrel.model.Chats.user;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class OpenAiProtocolTest {
    private static OpenAiProtocol at(String baseUrl, OptionalInt outputTokensMax) {
        var access = new ProviderAccess("acme", URI.create(baseUrl), Optional.empty());
        return new OpenAiProtocol(access, outputTokensMax);
    }

    private static ObjectNode body(Reasoning reasoning, Message... messages) {
        var tools = List.of(Chats.BASH, Chats.tool("db.query", "Asks the database."));
        return at("https://models.example/v1", OptionalInt.empty())
                .body(new ChatRequest("m", "Be brief.", List.of(messages), tools, reasoning));
    }

    @Test
    void translatesAConversation() {
        ObjectNode body =
                body(
                        Reasoning.HIGH,
                        user("Fix it."),
                        new Message.Assistant(
                                "Looking.",
                                "Hm.",
                                new OpenAiExtras(
                                                Optional.of("reasoning_content"),
                                                Map.of(1, Json.object().put("sig", "x")))
                                        .signature(),
                                List.of(
                                        new ToolCall("c1", "bash", "{\"command\": \"ls\"}"),
                                        new ToolCall("c2", "db.query", "{oops"),
                                        new ToolCall("c3", "bash", ""))),
                        new Message.ToolResult("c1", "bash", "a.txt", false),
                        new Message.ToolResult("c2", "db.query", "malformed JSON", true),
                        new Message.ToolResult("c3", "bash", "", false),
                        Chats.assistant("Done."),
                        user("Thanks."));
        Golden.assertSame(body, "openai-conversation.json");
    }

    @Test
    void leavesOutWhatWasNotSaid() {
        JsonNode messages = body(Reasoning.OFF, user("a"), Chats.assistant(" "), user("b"));
        assertThat(messages.path("messages")).hasSize(3);
        assertThat(messages.has("reasoning_effort")).isFalse();
    }

    @Test
    void ignoresTheSignaturesOfOthers() {
        var foreign =
                new Message.Assistant(
                        "Hi.", "Hm.", Optional.of("{\"anthropic\":[{\"text\":[0,3]}]}"), List.of());
        JsonNode message = body(Reasoning.OFF, user("a"), foreign).path("messages").path(2);
        assertThat(message.toString()).isEqualTo("{\"role\":\"assistant\",\"content\":\"Hi.\"}");
    }

    @Test
    void speaksToEachProviderItsOwnWay() {
        ChatRequest request = Chats.request(user("a"));
        ObjectNode openai = at("https://api.openai.com/v1", OptionalInt.of(9)).body(request);
        ObjectNode mistral = at("https://api.mistral.ai/v1", OptionalInt.of(9)).body(request);

        assertThat(openai.path("max_completion_tokens").asInt()).isEqualTo(9);
        assertThat(openai.path("stream_options").path("include_usage").asBoolean()).isTrue();
        assertThat(mistral.path("max_tokens").asInt()).isEqualTo(9);
        assertThat(mistral.has("stream_options")).isFalse();
    }

    @Test
    void appendsThePathToTheBaseUrl() {
        ChatRequest request = Chats.request(user("a"));
        for (String base : List.of("http://host:1/v1", "http://host:1/v1/")) {
            assertThat(at(base, OptionalInt.empty()).toHttp(request).uri())
                    .hasToString("http://host:1/v1/chat/completions");
        }
    }
}
