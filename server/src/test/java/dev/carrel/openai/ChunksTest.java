package dev.carrel.openai;

import static dev.carrel.openai.Items.SESSION;
import static dev.carrel.openai.Items.TIME;
import static dev.carrel.openai.Items.TURN;
import static dev.carrel.openai.Items.bash;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.carrel.agent.Delta;
import dev.carrel.agent.StopReason;
import dev.carrel.model.FinishReason;
import dev.carrel.model.ToolCall;
import dev.carrel.tool.ToolStatus;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// The stream's rules, one by one, and all of them together in a golden file. What belongs to the
/// transport (names of events, comments, headers) is in [ChatCompletionsIT].
class ChunksTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final ToolCall RUN = bash("call_1", "pytest -q");
    private static final ToolCall BAD = new ToolCall("call_2", "read", "{\"path\": ");
    private static final ToolCall WEATHER = new ToolCall("call_w", "weather", "");

    /// Everything that a turn can have, but a failure.
    private static final Items TURN_OF_ALL =
            Items.ofTurn()
                    .step(1)
                    .delta(new Delta.Reasoning("Tests first."))
                    .text("Let me ")
                    .text("run the tests.")
                    .delta(new Delta.ToolArguments("call_1", "bash", "{\"command\":"))
                    .delta(new Delta.ToolArguments("call_1", "bash", "\"pytest -q\"}"))
                    .answer(
                            "Tests first.",
                            "Let me run the tests.",
                            FinishReason.TOOL_CALLS,
                            RUN,
                            BAD)
                    .started(RUN)
                    .delta(new Delta.ToolOutput("call_1", "1 failed\n"))
                    .completed(RUN, ToolStatus.OK, "1 failed\n")
                    .completed(BAD, ToolStatus.ERROR, "read: the arguments are not JSON")
                    .step(2)
                    .text("One fails; what is the weather?")
                    .answer("One fails; what is the weather?", WEATHER)
                    .end(StopReason.TOOL_CALLS);

    @Test
    void goldenStream() throws Exception {
        try (var golden = ChunksTest.class.getResourceAsStream("stream.txt")) {
            String expected = new String(golden.readAllBytes(), StandardCharsets.UTF_8);
            assertThat(String.join("\n", data(TURN_OF_ALL, true)) + "\n").isEqualTo(expected);
        }
    }

    /// Rule 1.
    @Test
    void everyChunkIsWholeAndTheFirstDeltaHasTheRole() {
        List<JsonNode> chunks = chunks(TURN_OF_ALL, true);

        assertThat(chunks)
                .allSatisfy(chunk -> {
                    assertThat(chunk.path("id").asText()).isEqualTo("chatcmpl-trn_1");
                    assertThat(chunk.path("object").asText()).isEqualTo("chat.completion.chunk");
                    assertThat(chunk.path("created").asLong()).isEqualTo(TIME.getEpochSecond());
                    assertThat(chunk.path("model").asText()).isEqualTo("coder");
                    assertThat(chunk.path("choices").isArray()).isTrue();
                });
        assertThat(chunks.getFirst().at("/choices/0/delta/role").asText()).isEqualTo("assistant");
        assertThat(chunks.subList(1, chunks.size()))
                .allMatch(chunk -> chunk.at("/choices/0/delta/role").isMissingNode());
    }

    /// Rules 2 and 3.
    @Test
    void finishReasonComesOnceAndOnlyUsageFollows() {
        List<JsonNode> chunks = chunks(TURN_OF_ALL, true);
        List<Boolean> finishes =
                chunks.stream()
                        .map(chunk -> chunk.at("/choices/0").hasNonNull("finish_reason"))
                        .toList();

        assertThat(finishes).containsOnlyOnce(true);
        assertThat(finishes.indexOf(true)).isEqualTo(chunks.size() - 2);
        JsonNode usage = chunks.getLast();
        assertThat(usage.path("choices")).isEmpty();
        assertThat(usage.path("usage").toString())
                .isEqualTo(
                        """
                        {"prompt_tokens":120,"completion_tokens":30,"total_tokens":150,\
                        "prompt_tokens_details":{"cached_tokens":100},\
                        "completion_tokens_details":{"reasoning_tokens":8}}\
                        """);
        assertThat(chunks.subList(0, chunks.size() - 1)).noneMatch(chunk -> chunk.has("usage"));
        assertThat(data(TURN_OF_ALL, true).getLast()).isEqualTo("[DONE]");
    }

    /// Rule 3.
    @Test
    void usageIsLeftOutUnlessAskedFor() {
        assertThat(chunks(TURN_OF_ALL, false)).noneMatch(chunk -> chunk.has("usage"));
    }

    /// Rule 4.
    @Test
    void onlyAFailureHasAnErrorAndItIsTheLastThing() {
        List<String> data =
                data(Items.ofTurn().text("Let").fail("model_unavailable", "down"), true);

        assertThat(chunks(TURN_OF_ALL, true)).noneMatch(chunk -> chunk.has("error"));
        assertThat(data).hasSize(3);
        assertThat(data.getLast())
                .isEqualTo(
                        """
                        {"error":{"message":"down","type":"external","code":"model_unavailable",\
                        "param":null,"request_id":"req_1"}}\
                        """);
    }

    /// Rule 6.
    @Test
    void ourToolCallsAreAnExtraKeyOfTheChoiceWithAnEmptyDelta() {
        List<JsonNode> calls =
                chunks(TURN_OF_ALL, false).stream()
                        .filter(chunk -> chunk.at("/choices/0").has("tool_call"))
                        .toList();

        assertThat(calls).allMatch(chunk -> chunk.at("/choices/0/delta").isEmpty());
        assertThat(calls)
                .extracting(chunk ->
                        chunk.at("/choices/0/tool_call/id").asText()
                                + " "
                                + chunk.at("/choices/0/tool_call/state").asText())
                .containsExactly(
                        "call_1 preparing",
                        "call_1 preparing",
                        "call_2 preparing",
                        "call_1 calling",
                        "call_1 calling",
                        "call_1 completed",
                        "call_2 error");
    }

    /// Rule 7.
    @Test
    void callersToolCallsAreStandardAndNothingElseIs() {
        List<JsonNode> deltas =
                chunks(TURN_OF_ALL, false).stream()
                        .map(chunk -> chunk.at("/choices/0/delta/tool_calls"))
                        .filter(JsonNode::isArray)
                        .toList();

        assertThat(deltas)
                .extracting(JsonNode::toString)
                .containsExactly(
                        """
                        [{"index":0,"id":"ses_1-call_w","type":"function",\
                        "function":{"name":"weather","arguments":"{}"}}]\
                        """);
    }

    /// Rule 8.
    @Test
    void textIsContentAndReasoningIsReasoningContent() {
        assertThat(joined("content"))
                .isEqualTo("Let me run the tests.\n\nOne fails; what is the weather?");
        assertThat(joined("reasoning_content")).isEqualTo("Tests first.");
    }

    /// Rule 9.
    @Test
    void finishReasonIsTheirsAndStopReasonOurs() {
        var theirs = Set.of("stop", "length", "tool_calls", "content_filter");
        var ours = new HashSet<String>();
        for (StopReason reason : StopReason.values()) {
            if (reason != StopReason.ERROR) {
                JsonNode choice =
                        chunks(Items.ofTurn().answer("x").end(reason), false)
                                .getLast()
                                .at("/choices/0");
                assertThat(choice.path("finish_reason").asText()).isIn(theirs);
                ours.add(choice.path("stop_reason").asText());
            }
        }
        assertThat(ours)
                .containsExactlyInAnyOrder(
                        "end",
                        "length",
                        "max_steps",
                        "budget",
                        "interrupted",
                        "stuck",
                        "malformed_calls",
                        "tool_calls");
    }

    private static String joined(String field) {
        var text = new StringBuilder();
        chunks(TURN_OF_ALL, false)
                .forEach(chunk -> text.append(chunk.at("/choices/0/delta/" + field).asText()));
        return text.toString();
    }

    /// Every event but `[DONE]`.
    private static List<JsonNode> chunks(Items turn, boolean usage) {
        return data(turn, usage).stream()
                .filter(data -> !data.equals("[DONE]"))
                .map(ChunksTest::json)
                .toList();
    }

    private static List<String> data(Items turn, boolean usage) {
        var parts = new TurnParts(TURN, Set.of("weather"));
        var chunks = new Chunks(new AnswerHead(SESSION, TURN, "coder", TIME), "req_1", usage);
        var data = new ArrayList<String>();
        turn.list().forEach(item -> parts.of(item).forEach(part -> data.addAll(chunks.of(part))));
        return data;
    }

    private static JsonNode json(String text) {
        try {
            return MAPPER.readTree(text);
        } catch (java.io.IOException e) {
            throw new AssertionError(text, e);
        }
    }
}
