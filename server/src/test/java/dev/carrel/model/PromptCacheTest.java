package dev.carrel.model;

import static dev.carrel.model.Chats.assistant;
import static dev.carrel.model.Chats.result;
import static dev.carrel.model.Chats.user;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What providers need in order to find the beginning of a request in their caches.
class PromptCacheTest {
    private static final int STEPS = 12;
    private static final String MARK = "\"cache_control\":{\"type\":\"ephemeral\"}";

    private static ProviderAccess access(String url) {
        return new ProviderAccess("acme", URI.create(url), Optional.empty());
    }

    private static ObjectNode openai(ChatRequest request) {
        return new OpenAiProtocol(access("https://api.openai.com/v1"), OptionalInt.empty())
                .body(request);
    }

    private static ObjectNode anthropic(ChatRequest request) {
        return new AnthropicProtocol(access("https://api.anthropic.com"), OptionalInt.empty())
                .body(request);
    }

    static List<Function<ChatRequest, ObjectNode>> protocols() {
        return List.of(PromptCacheTest::openai, PromptCacheTest::anthropic);
    }

    /// The requests of a turn, step by step; one step was steered, and its calls are two.
    private static List<ChatRequest> turn() {
        var requests = new ArrayList<ChatRequest>();
        var messages = new ArrayList<Message>(List.of(user("Fix it.")));
        for (int step = 1; step <= STEPS; step++) {
            requests.add(Chats.request(messages.toArray(Message[]::new)));
            String a = "a" + step;
            String b = "b" + step;
            messages.add(
                    assistant(
                            "Step " + step,
                            new ToolCall(a, "bash", "{\"command\":\"ls\"}"),
                            new ToolCall(b, "read", "{oops")));
            messages.add(result(a, "result " + step));
            messages.add(result(b, ""));
            if (step == STEPS / 2) {
                messages.add(user("Hurry."));
            }
        }
        return requests;
    }

    private static String withoutMarks(String json) {
        return json.replace("," + MARK, "");
    }

    @ParameterizedTest
    @MethodSource("protocols")
    void aRequestBeginsWithTheBytesOfTheOneBefore(Function<ChatRequest, ObjectNode> protocol) {
        List<ObjectNode> bodies = turn().stream().map(protocol).toList();
        for (int i = 1; i < bodies.size(); i++) {
            ObjectNode before = bodies.get(i - 1);
            ObjectNode after = bodies.get(i);
            assertThat(after.path("tools")).isEqualTo(before.path("tools"));
            assertThat(after.path("system")).isEqualTo(before.path("system"));
            String beginning = withoutMarks(before.path("messages").toString());
            assertThat(withoutMarks(after.path("messages").toString()))
                    .startsWith(beginning.substring(0, beginning.length() - 1) + ",");
        }
    }

    /// Anthropic takes four marks, and looks for a cached beginning from each of them.
    @Test
    void theEndOfTheStepBeforeIsMarkedStill() {
        String end = "";
        for (ChatRequest request : turn()) {
            String body = anthropic(request).toString();
            assertThat(Pattern.compile(Pattern.quote(MARK)).matcher(body).results().count())
                    .isBetween(3L, 4L);
            assertThat(body).contains(end);
            JsonNode messages = anthropic(request).path("messages");
            String last = messages.path(messages.size() - 1).path("content").toString();
            assertThat(last).endsWith(MARK + "}]");
            end = last.substring(last.lastIndexOf("{\"type\":\"t"));
        }
    }

    @Test
    void theHitRateIsThePartOfTheInputThatWasCached() {
        assertThat(new Usage(3_000, 10, 2_000, 500, 0).cacheHitRate()).contains(0.667);
        assertThat(Usage.NONE.cacheHitRate()).isEmpty();
    }

    @Test
    void openAiGetsOneKeyForAConversation() {
        List<String> keys =
                turn().stream()
                        .map(request -> openai(request).path("prompt_cache_key").asText())
                        .distinct()
                        .toList();
        assertThat(keys).hasSize(1).allMatch(key -> key.matches("[0-9a-f]{32}"));
        String other =
                openai(Chats.request(user("Something else."))).path("prompt_cache_key").asText();
        assertThat(other).isNotEqualTo(keys.getFirst());
        assertThat(
                        new OpenAiProtocol(access("http://localhost/v1"), OptionalInt.empty())
                                .body(turn().getFirst())
                                .has("prompt_cache_key"))
                .isFalse();
    }
}
