package dev.carrel.model;

import static dev.carrel.model.Chats.user;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnthropicProtocolTest {
    private static AnthropicProtocol at(String baseUrl) {
        var access = new ProviderAccess("acme", URI.create(baseUrl), Optional.empty());
        return new AnthropicProtocol(access, OptionalInt.empty());
    }

    private static ObjectNode body(String model, Reasoning reasoning, Message... messages) {
        var tools = List.of(Chats.BASH, Chats.tool("db.query", "Asks the database."));
        return at("https://models.example")
                .body(new ChatRequest(model, "Be brief.", List.of(messages), tools, reasoning));
    }

    @Test
    void translatesAConversation() {
        ObjectNode body =
                body(
                        "claude-opus-4-7",
                        Reasoning.MEDIUM,
                        user("Fix it."),
                        user("Now."),
                        new Message.Assistant(
                                "Looking.\n\nAgain.",
                                "One.\n\nTwo.",
                                AnthropicLayout.signature(
                                        List.of(
                                                new AnthropicLayout.Thinking(0, 4, "sig1"),
                                                new AnthropicLayout.Text(0, 8),
                                                new AnthropicLayout.Redacted("secret"),
                                                new AnthropicLayout.Thinking(6, 10, "sig2"),
                                                new AnthropicLayout.Text(10, 16),
                                                new AnthropicLayout.Call(0),
                                                new AnthropicLayout.Call(1),
                                                new AnthropicLayout.Call(2))),
                                List.of(
                                        new ToolCall("c.1", "bash", "{\"command\": \"ls\"}"),
                                        new ToolCall("c2", "db.query", "{oops"),
                                        new ToolCall("c3", "bash", ""))),
                        new Message.ToolResult("c.1", "bash", "a.txt", false),
                        new Message.ToolResult("c2", "db.query", "malformed JSON", true),
                        new Message.ToolResult("c3", "bash", " ", false),
                        user("Hurry."),
                        Chats.assistant(""),
                        user(""));
        Golden.assertSame(body, "anthropic-conversation.json");
    }

    @ParameterizedTest
    @CsvSource({
        "claude-opus-4-7, adaptive",
        "claude-sonnet-4-6-20260101, adaptive",
        "claude-opus-5, adaptive",
        "claude-mythos-preview, adaptive",
        "anthropic.claude-opus-4-6-v1, adaptive",
        "claude-sonnet-4-5-20250929, enabled",
        "claude-sonnet-4-20250514, enabled",
        "claude-opus-4.1, enabled",
        "claude-3-7-sonnet-20250219, enabled",
        "claude-3-5-sonnet-20241022, ''",
        "claude-3-opus-20240229, ''",
    })
    void thinksAsTheModelKnowsHow(String model, String type) {
        ObjectNode body = body(model, Reasoning.HIGH, user("a"));
        assertThat(body.path("thinking").path("type").asText("")).isEqualTo(type);
        assertThat(body.path("output_config").path("effort").asText(""))
                .isEqualTo(type.equals("adaptive") ? "high" : "");
        assertThat(body.path("thinking").path("budget_tokens").asInt())
                .isLessThan(body.path("max_tokens").asInt());
    }

    @Test
    void doesNotThinkUnlessAsked() {
        ObjectNode body = body("claude-opus-4-7", Reasoning.OFF, user("a"));
        assertThat(body.has("thinking")).isFalse();
        assertThat(body.has("output_config")).isFalse();
    }

    @Test
    void aTurnBegunWithoutThinkingGoesOnWithoutABudget() {
        var call = new ToolCall("c", "bash", "{}");
        Message[] turn = {
            user("a"), Chats.assistant("Hm.", call), Chats.result("c", "ok"),
        };
        assertThat(body("claude-sonnet-4-5", Reasoning.LOW, turn).has("thinking")).isFalse();
        Message[] next = {user("a"), Chats.assistant("Hm."), user("b")};
        assertThat(body("claude-sonnet-4-5", Reasoning.LOW, next).has("thinking")).isTrue();
    }

    @Test
    void aChangedMessageLosesItsThinkingButNothingElse() {
        var changed =
                new Message.Assistant(
                        "Cut",
                        "One.",
                        AnthropicLayout.signature(
                                List.of(
                                        new AnthropicLayout.Thinking(0, 4, "sig"),
                                        new AnthropicLayout.Text(0, 99))),
                        List.of());
        JsonNode message =
                body("claude-opus-4-7", Reasoning.LOW, user("a"), changed).path("messages").path(1);
        assertThat(message.path("content").toString())
                .isEqualTo("[{\"type\":\"text\",\"text\":\"Cut\"}]");
    }

    @Test
    void findsTheEndpointWithAndWithoutVersion() {
        ChatRequest request = Chats.request(user("a"));
        for (String base : List.of("http://h", "http://h/", "http://h/v1", "http://h/v1/")) {
            assertThat(at(base).toHttp(request).uri()).hasToString("http://h/v1/messages");
        }
    }
}
