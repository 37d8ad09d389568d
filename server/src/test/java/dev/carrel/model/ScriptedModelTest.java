package dev.carrel.model;

import static dev.carrel.model.Chats.assistant;
import static dev.carrel.model.Chats.request;
import static dev.carrel.model.Chats.result;
import static dev.carrel.model.Chats.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ScriptedModelTest {
    private static final String SCRIPT =
            """
            conversations:
              - when: "fix .* tests"
                steps:
                  - reasoning: "Look first."
                    text: "Running the tests."
                    delay_ms: 50
                    calls:
                      - {name: bash, arguments: {command: "pytest -q", n: 1.50}}
                      - {name: read, arguments: '{"path": '}
                  - expect: ["2 failed", "line \\\\d+"]
                    text: "Two tests fail."
              - when: "loop"
                steps:
                  - calls: [{name: bash}]
              - when: "trouble"
                steps:
                  - error: {code: model_unavailable, message: "out of order"}
            """;

    private final RecordingPause pause = new RecordingPause();
    private final ScriptedModel model = ScriptedModel.parse(SCRIPT, "demo.yaml", pause);
    private final RecordingListener listener = new RecordingListener();
    private final Cancellation cancellation = new Cancellation();

    private ChatAnswer ask(Message... messages) {
        return model.chat(request(messages), listener, cancellation);
    }

    @Test
    void answersWithTextReasoningAndCallsAsScripted() {
        ChatAnswer answer = ask(user("please fix the tests"));

        assertThat(answer.message().text()).isEqualTo("Running the tests.");
        assertThat(answer.message().reasoning()).isEqualTo("Look first.");
        assertThat(answer.message().toolCalls())
                .containsExactly(
                        new ToolCall("call_1_1_0", "bash", "{\"command\":\"pytest -q\",\"n\":1.5}"),
                        new ToolCall("call_1_1_1", "read", "{\"path\": "));
        assertThat(answer.finish()).isEqualTo(FinishReason.TOOL_CALLS);
    }

    @Test
    void streamsInPiecesWhatItAnswers() {
        ChatAnswer answer = ask(user("please fix the tests"));

        assertThat(listener.heard(answer.message())).isEqualTo(answer.message());
        assertThat(listener.pieces).isGreaterThan(4);
    }

    @Test
    void theStepFollowsFromTheMessagesAlone() {
        ChatAnswer answer =
                ask(
                        user("please fix the tests"),
                        assistant("Running the tests.", new ToolCall("a", "bash", "{}")),
                        result("a", "2 failed at\nline 17"));

        assertThat(answer.message().text()).isEqualTo("Two tests fail.");
        assertThat(answer.finish()).isEqualTo(FinishReason.STOP);
    }

    @Test
    void aSecondMessageStartsAnewWithOtherIds() {
        ChatAnswer answer =
                ask(user("please fix the tests"), assistant("Done."), user("fix more tests"));

        assertThat(answer.message().toolCalls().getFirst().id()).isEqualTo("call_2_1_0");
    }

    @Test
    void userMessagesThatMatchNothingChangeNothing() {
        ChatAnswer answer =
                ask(
                        user("fix the tests"),
                        assistant("Running.", new ToolCall("a", "bash", "{}")),
                        result("a", "2 failed, line 3"),
                        user("hurry up"));

        assertThat(answer.message().text()).isEqualTo("Two tests fail.");
    }

    @Test
    void anotherRealityThanExpectedFails() {
        assertThatThrownBy(() ->
                        ask(
                                user("fix the tests"),
                                assistant("Running.", new ToolCall("a", "bash", "{}")),
                                result("a", "9 passed")))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_BAD_ANSWER))
                .hasMessage(
                        "the script expected /2 failed/ at step 2, the sandbox answered: 9 passed");
    }

    @Test
    void expectationsLookOnlyAtTheStepBefore() {
        assertThatThrownBy(() ->
                        ask(
                                user("fix the tests"),
                                result("z", "2 failed, line 1"),
                                assistant("Running."),
                                result("a", "9 passed")))
                .hasMessageContaining("9 passed");
    }

    @Test
    void failsWhenTheScriptIsOver() {
        assertThatThrownBy(() -> ask(user("loop"), assistant("x"), result("a", "")))
                .hasMessageContaining("no more steps");
    }

    @Test
    void failsWhenNothingMatches() {
        assertThatThrownBy(() -> ask(user("sing"))).hasMessageContaining("no conversation");
    }

    @Test
    void failsAsScripted() {
        assertThatThrownBy(() -> ask(user("trouble")))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_UNAVAILABLE))
                .hasMessage("out of order");
    }

    @Test
    void pausesAsScripted() {
        ask(user("fix the tests"));
        assertThat(pause.pauses).containsExactly(Duration.ofMillis(50));
    }

    @Test
    void stopsWhenCancelled() {
        cancellation.cancel();
        assertThatThrownBy(() -> ask(user("loop")))
                .isInstanceOf(Cancellation.CancelledException.class);
    }

    @Test
    void usageFollowsFromLengths() {
        ChatAnswer answer =
                ask(user("fix the tests"), assistant("x"), result("a", "2 failed, line 3"));
        // "Be brief." + "fix the tests" + "x" + "2 failed, line 3" = 39 characters
        assertThat(answer.usage()).isEqualTo(new Usage(10, 4, 0, 0, 0));
    }

    @Test
    void surrogatePairsStayTogether() {
        var emoji = "😀".repeat(40);
        var wide = ScriptedModel.parse("conversations: [{steps: [{text: a" + emoji + "}]}]", "x");
        var pieces = new java.util.ArrayList<String>();
        wide.chat(
                request(user("x")),
                new ChatListener() {
                    @Override
                    public void text(String delta) {
                        pieces.add(delta);
                    }
                },
                cancellation);
        assertThat(String.join("", pieces)).isEqualTo("a" + emoji);
        assertThat(pieces)
                .hasSizeGreaterThan(1)
                .noneMatch(p -> Character.isHighSurrogate(p.charAt(p.length() - 1)));
    }

    private static void assertRefused(String yaml, String... parts) {
        assertThatThrownBy(() -> ScriptedModel.parse(yaml, "bad.yaml"))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_DEFINITION))
                .message()
                .startsWith("bad.yaml")
                .contains(parts)
                .doesNotContain("dev.carrel", "com.fasterxml");
    }

    @Test
    void badScriptsAreRefusedWithFileLineAndRemedy() {
        assertRefused(
                "conversations:\n  - steps:\n    - txt: hello\n",
                "line 3",
                "unknown key \"txt\"; did you mean text?");
        assertRefused("converzations: []", "did you mean conversations?");
        assertRefused("conversations: []", "at least one conversation");
        assertRefused("conversations:\n - steps: []", "conversation 1: needs at least one step");
        assertRefused(
                "conversations:\n - steps: [{delay_ms: 1}]", "conversation 1: step 1: needs text");
        assertRefused("conversations:\n - steps: [{text: a, delay_ms: -1}]", "not be negative");
        assertRefused(
                "conversations:\n - steps: [{text: a, expect: ['(']}]",
                "regex /(/ is malformed: Unclosed group");
        assertRefused(
                "conversations:\n - steps: [{error: {code: nope}}]", "no error code \"nope\"");
        assertRefused("conversations:\n - steps: [{calls: [{arguments: {}}]}]", "needs a name");
        assertRefused("conversations:\n - steps: [{text: a}]\n   steps: [{text: b}]", "uplicate");
        assertRefused("a: [", "bad.yaml");
        assertRefused("", "bad.yaml");
        assertRefused("conversations: 3", "line 1", "wrong kind of value for conversations");
    }
}
