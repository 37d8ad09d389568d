package dev.carrel.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.agent.Cut;
import dev.carrel.agent.Delta;
import dev.carrel.agent.Event;
import dev.carrel.agent.FilesThen;
import dev.carrel.agent.LoopPattern;
import dev.carrel.agent.StopReason;
import dev.carrel.agent.TurnId;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.ToolCall;
import dev.carrel.model.ToolSpec;
import dev.carrel.model.Usage;
import dev.carrel.tool.ToolStatus;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EventJsonTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Usage USAGE = new Usage(1200, 34, 1000, 100, 12);

    static Stream<Event> events() throws IOException {
        var weather =
                new ToolSpec(
                        "weather",
                        "Tells the weather.",
                        (ObjectNode)
                                MAPPER.readTree(
                                        """
                                        {"type":"object","properties":{"city":{"type":"string"}}}
                                        """));
        return Stream.of(
                new Event.SessionCreated("coder", Optional.of("ada"), Map.of("team", "core")),
                new Event.UserMessage("Mend the tests, please.", List.of(weather)),
                new Event.TurnStarted(3, Optional.of("## Your own\nTests are slow.")),
                new Event.ModelStarted(2, "anthropic/claude-sonnet-4-5"),
                new Event.AssistantMessage(
                        2,
                        new Message.Assistant(
                                "I look at the tests.",
                                "They fail.",
                                Optional.of("c2lnbmVk"),
                                List.of(
                                        new ToolCall(
                                                "call_1", "bash", "{\"command\":\"pytest -q\"}"))),
                        FinishReason.TOOL_CALLS,
                        USAGE,
                        "claude-sonnet-4-5",
                        Duration.ofMillis(1500)),
                new Event.ApprovalRequested(
                        "call_1", "bash", "{\"command\":\"git push\"}", "bash(git push*)"),
                new Event.ApprovalDecided(
                        "call_1",
                        "bash",
                        "bash(git push*)",
                        true,
                        true,
                        "It is tested.",
                        Optional.of("key key_1")),
                new Event.ModelFailed(
                        2,
                        "anthropic/claude-sonnet-4-5",
                        new Event.TurnError("model_unavailable", "It is out of order."),
                        Duration.ofMillis(900)),
                new Event.ModelLost(
                        2, "anthropic/claude-sonnet-4-5", USAGE, true, Duration.ofMillis(700)),
                new Event.TurnNudged(LoopPattern.SAME_CALL, "You repeat yourself."),
                new Event.ToolStarted("call_1", "bash", "{\"command\":\"pytest -q\"}"),
                new Event.ToolCompleted(
                        "call_1",
                        "bash",
                        ToolStatus.INTERRUPTED,
                        "1 failed",
                        Duration.ofMillis(812)),
                new Event.Compaction(
                        "anthropic/claude-sonnet-4-5",
                        new Cut.Summary(
                                3,
                                1,
                                41,
                                "# Task\nMend the tests.",
                                USAGE,
                                Duration.ofMillis(2500)),
                        150_000,
                        40_000,
                        OptionalLong.of(160_000)),
                new Event.TurnCompleted(
                        StopReason.ERROR,
                        2,
                        USAGE,
                        Optional.of(
                                new Event.TurnError(
                                        "model_unavailable", "The provider did not answer."))),
                new Event.SnapshotTaken("snp_1", 7),
                new Event.SnapshotFailed(7, new Event.TurnError("disk_full", "No room.")),
                new Event.SessionForked("ses_1", 12, new FilesThen.Restored("snp_1")),
                new Event.SessionRewound(3, new FilesThen.None()));
    }

    @ParameterizedTest
    @MethodSource("events")
    void goldenFileLoads(Event event) throws IOException {
        assertThat(EventJson.parse(EventJson.type(event), golden(event))).isEqualTo(event);
    }

    @ParameterizedTest
    @MethodSource("events")
    void eventIsStoredAsItsGoldenFile(Event event) throws IOException {
        assertThat(EventJson.body(event)).isEqualTo(golden(event));
    }

    @ParameterizedTest
    @MethodSource("events")
    void unknownFieldsAreSkipped(Event event) throws IOException {
        String later = golden(event).replaceFirst("\\{", "{\"added_later\":{\"x\":[1]},");

        assertThat(EventJson.parse(EventJson.type(event), later)).isEqualTo(event);
    }

    @Test
    void everyTypeOfEventHasItsGoldenFile() throws IOException {
        assertThat(events().map(Object::getClass))
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.asList(Event.class.getPermittedSubclasses()));
    }

    @Test
    void absentFieldsHaveNeutralValues() {
        assertThat(EventJson.parse("message.user", "{\"text\":\"hi\"}"))
                .isEqualTo(new Event.UserMessage("hi", List.of()));
        String word =
                """
                {"call_id":"c","tool":"bash","pattern":"bash(a*)","decision":"deny","reason":"no"}\
                """;
        assertThat(EventJson.parse("approval.decided", word))
                .isEqualTo(new Event.ApprovalDecided("c", "bash", "bash(a*)", false, false, "no"));
        assertThat(EventJson.parse("session.created", "{\"agent\":\"a\"}"))
                .isEqualTo(new Event.SessionCreated("a", Optional.empty(), Map.of()));
    }

    @Test
    void cutResultsOfToolsAreStored() {
        var event =
                new Event.Compaction("a/b", new Cut.Results(2, 400), 9, 5, OptionalLong.empty());
        String body =
                """
                {"model":"a/b","kind":"results","kept_answers":2,"result_chars_max":400,\
                "tokens_before":9,"tokens_after":5}\
                """;
        assertThat(EventJson.body(event)).isEqualTo(body);
        assertThat(EventJson.parse("compaction", body)).isEqualTo(event);

        var summary = new Cut.Summary(3, 1, 41, "", USAGE, Duration.ofMillis(9));
        var leftOut = new Event.Compaction("a/b", summary, 9, 5, OptionalLong.empty());
        assertThat(EventJson.body(leftOut)).contains("\"kind\":\"left_out\"");
        assertThat(EventJson.body(leftOut)).doesNotContain("\"summary\"");
        assertThat(EventJson.parse("compaction", EventJson.body(leftOut))).isEqualTo(leftOut);

        var texts =
                new Event.Compaction(
                        "a/b", new Cut.Texts(0, 800, true), 9, 5, OptionalLong.empty());
        assertThat(EventJson.body(texts)).contains("\"kind\":\"texts\"", "\"chars_max\":800");
        assertThat(EventJson.parse("compaction", EventJson.body(texts))).isEqualTo(texts);
        String older =
                """
                {"model":"a/b","kind":"texts","kept_answers":0,"chars_max":800,\
                "tokens_before":9,"tokens_after":5}\
                """;
        assertThat(((Event.Compaction) EventJson.parse("compaction", older)).cut())
                .isEqualTo(new Cut.Texts(0, 800, false));
    }

    @Test
    void whatAModelWorkedWithoutAnAnswerIsStored() {
        var event =
                new Event.TurnCompleted(
                        StopReason.BUDGET, 1, USAGE, Optional.empty(), Duration.ofMillis(250));
        assertThat(EventJson.body(event)).endsWith(",\"unanswered_ms\":250}");
        assertThat(EventJson.parse("turn.completed", EventJson.body(event))).isEqualTo(event);
    }

    @Test
    void aTurnThatWasToldNothingNewSaysNothing() {
        assertThat(EventJson.body(new Event.TurnStarted(3))).isEqualTo("{\"agent_version\":3}");
        assertThat(EventJson.parse("turn.started", "{\"agent_version\":3}"))
                .isEqualTo(new Event.TurnStarted(3));
    }

    @Test
    void whateverWasWrittenCanBeRead() {
        var event = new Event.UserMessage("a".repeat(20_000_001), List.of());
        assertThat(EventJson.parse("message.user", EventJson.body(event)).equals(event)).isTrue();
    }

    @Test
    void unknownTypeIsRefused() {
        assertThatThrownBy(() -> EventJson.parse("no.such", "{}"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("no.such");
    }

    @Test
    void entryShowsNumberTypeTimeAndTurnBeforeItsFields() {
        var entry =
                new StreamItem.Recorded(
                        5,
                        Instant.parse("2026-11-01T12:00:00.25Z"),
                        Optional.of(new TurnId("trn_1")),
                        new Event.TurnStarted(3));

        assertThat(EventJson.of(entry).toString())
                .isEqualTo(
                        """
                        {"seq":5,"type":"turn.started","time":"2026-11-01T12:00:00.250Z",\
                        "turn":"trn_1","agent_version":3}\
                        """);
    }

    @Test
    void liveItemsShowTheirKind() {
        assertThat(live(new Delta.Text("a"))).contains("\"kind\":\"text\",\"text\":\"a\"");
        assertThat(live(new Delta.Reasoning("a"))).contains("\"kind\":\"reasoning\"");
        assertThat(live(new Delta.ToolArguments("c", "bash", "{")))
                .contains("\"kind\":\"tool_arguments\",\"call_id\":\"c\",\"tool\":\"bash\"");
        assertThat(live(new Delta.ToolOutput("c", "out")))
                .contains("\"kind\":\"tool_output\",\"call_id\":\"c\",\"text\":\"out\"");
        assertThat(live(new Delta.Restarted()))
                .isEqualTo("{\"type\":\"delta\",\"turn\":\"trn_1\",\"kind\":\"restarted\"}");
    }

    private static String live(Delta delta) {
        return EventJson.of(new StreamItem.Live(new TurnId("trn_1"), delta)).toString();
    }

    private static String golden(Event event) throws IOException {
        String name = "events/" + EventJson.type(event) + ".v1.json";
        try (InputStream in = EventJsonTest.class.getResourceAsStream(name)) {
            assertThat(in).as(name).isNotNull();
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        }
    }
}
