package dev.carrel.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.ToolCall;
import dev.carrel.model.ToolSpec;
import dev.carrel.model.Usage;
import dev.carrel.tool.ToolStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConversationTest {
    private static final ToolSpec CALLERS =
            new ToolSpec("weather", "", JsonNodeFactory.instance.objectNode());

    private static Event user(String text) {
        return new Event.UserMessage(text, List.of());
    }

    private static Event model(int step) {
        return new Event.ModelStarted(step, "fake/one");
    }

    private static Event answer(int step, String text, String... callIds) {
        ToolCall[] calls = new ToolCall[callIds.length];
        for (int i = 0; i < calls.length; i++) {
            calls[i] = new ToolCall(callIds[i], "look", "{}");
        }
        return new Event.AssistantMessage(
                step,
                Stage.assistant(text, calls),
                calls.length == 0 ? FinishReason.STOP : FinishReason.TOOL_CALLS,
                Stage.USAGE,
                "one",
                Duration.ZERO);
    }

    private static Event started(String callId) {
        return new Event.ToolStarted(callId, "look", "{}");
    }

    private static Event completed(String callId, String text) {
        return new Event.ToolCompleted(callId, "look", ToolStatus.OK, text, Duration.ZERO);
    }

    private static Event end(StopReason reason) {
        return new Event.TurnCompleted(reason, 1, Usage.NONE, Optional.empty());
    }

    private static Conversation of(Event... events) {
        return Conversation.of(List.of(events));
    }

    private static List<String> texts(Conversation conversation) {
        CallInvariant.check(conversation.messages());
        return conversation.messages().stream()
                .map(message ->
                        switch (message) {
                            case Message.User user -> "user " + user.text();
                            case Message.Assistant said -> "assistant " + said.text();
                            case Message.ToolResult result ->
                                    result.callId()
                                            + (result.error() ? " error " : " ")
                                            + result.text();
                        })
                .toList();
    }

    @Test
    void foldsACompleteTurn() {
        Conversation state =
                of(
                        new Event.SessionCreated("coder", Optional.empty(), Map.of()),
                        user("hi"),
                        Stage.STARTED,
                        model(1),
                        answer(1, "looking", "a", "b"),
                        started("a"),
                        started("b"),
                        completed("b", "B"),
                        completed("a", "A"),
                        model(2),
                        answer(2, "done"));
        assertThat(texts(state))
                .containsExactly("user hi", "assistant looking", "a A", "b B", "assistant done");
        assertThat(state.turnRunning()).isTrue();
        assertThat(state.answered()).isTrue();
        assertThat(state.steps()).isEqualTo(2);
        assertThat(state.usage()).isEqualTo(Stage.USAGE.plus(Stage.USAGE));
    }

    @Test
    void everyPrefixOfATurnIsAValidConversation() {
        List<Event> events =
                List.of(
                        user("hi"),
                        Stage.STARTED,
                        model(1),
                        answer(1, "", "a", "b"),
                        started("a"),
                        completed("a", "A"),
                        started("b"),
                        completed("b", "B"),
                        model(2),
                        answer(2, "done"),
                        end(StopReason.END));
        for (int n = 0; n <= events.size(); n++) {
            CallInvariant.check(Conversation.of(events.subList(0, n)).messages());
        }
    }

    @Test
    void tellsStartedCallsFromOthers() {
        Conversation state =
                of(
                        user("hi"),
                        Stage.STARTED,
                        model(1),
                        answer(1, "", "a", "b", "c"),
                        started("a"),
                        completed("a", "A"),
                        started("b"));
        assertThat(state.openCalls())
                .extracting(open -> open.call().id() + open.started())
                .containsExactly("btrue", "cfalse");
    }

    @Test
    void aStartedModelCallWithoutAnswerIsSeen() {
        Conversation state = of(user("hi"), Stage.STARTED, model(1));
        assertThat(state.modelCalled()).isTrue();
        assertThat(state.steps()).isEqualTo(1);
        state.add(answer(1, "done"));
        assertThat(state.modelCalled()).isFalse();
    }

    @Test
    void theFirstResultOfACallCounts() {
        Conversation state =
                of(
                        user("hi"),
                        Stage.STARTED,
                        answer(1, "", "a", "b"),
                        completed("a", "first"),
                        completed("a", "second"),
                        completed("zzz", "nobody asked"),
                        completed("b", "B"),
                        completed("b", "again"));
        assertThat(texts(state)).containsExactly("user hi", "assistant ", "a first", "b B");
    }

    @Test
    void callsOfAnInterruptedTurnGetAResult() {
        Conversation state =
                of(
                        user("hi"),
                        Stage.STARTED,
                        answer(1, "", "a", "b"),
                        completed("a", "A"),
                        end(StopReason.INTERRUPTED),
                        user("more"));
        assertThat(texts(state))
                .containsExactly(
                        "user hi",
                        "assistant ",
                        "a A",
                        "b error " + Conversation.TURN_ENDED,
                        "user more");
        assertThat(state.openCalls()).isEmpty();
    }

    @Test
    void theCallersCallsStayOpenAfterTheirTurn() {
        Conversation state =
                of(
                        new Event.UserMessage("hi", List.of(CALLERS)),
                        Stage.STARTED,
                        answer(1, "", "a", "b"),
                        end(StopReason.TOOL_CALLS));
        assertThat(state.turnRunning()).isFalse();
        assertThat(state.openCalls()).hasSize(2);
        state.add(completed("a", "sunny"));
        state.add(completed("b", "rainy"));
        state.add(Stage.STARTED);
        assertThat(texts(state)).containsExactly("user hi", "assistant ", "a sunny", "b rainy");
        assertThat(state.answered()).isFalse();
        assertThat(state.callerTools()).containsExactly(CALLERS);
    }

    @Test
    void callsThatTheCallerLeftGetAResultBeforeTheNextMessage() {
        Conversation state =
                of(
                        new Event.UserMessage("hi", List.of(CALLERS)),
                        Stage.STARTED,
                        answer(1, "", "a", "b"),
                        end(StopReason.TOOL_CALLS),
                        completed("b", "B"),
                        user("never mind"),
                        Stage.STARTED);
        assertThat(texts(state))
                .containsExactly(
                        "user hi",
                        "assistant ",
                        "a error " + Conversation.CALLER_WENT_ON,
                        "b B",
                        "user never mind");
        assertThat(state.callerTools()).isEmpty();
    }

    @Test
    void emptyMessagesOnlyBringTools() {
        Conversation state =
                of(
                        user("hi"),
                        Stage.STARTED,
                        answer(1, "", "a"),
                        end(StopReason.TOOL_CALLS),
                        completed("a", "A"),
                        new Event.UserMessage("", List.of(CALLERS)),
                        Stage.STARTED);
        assertThat(texts(state)).containsExactly("user hi", "assistant ", "a A");
        assertThat(state.callerTools()).containsExactly(CALLERS);
    }

    @Test
    void toolsOfSeveralMessagesOfATurnAddUp() {
        var other = new ToolSpec("other", "", JsonNodeFactory.instance.objectNode());
        Conversation state =
                of(
                        new Event.UserMessage("a", List.of(CALLERS)),
                        new Event.UserMessage("b", List.of(CALLERS, other)),
                        Stage.STARTED);
        assertThat(state.callerTools()).containsExactly(CALLERS, other);
    }

    @Test
    void aSteeringMessageIsSeenAtTheNextModelCallAndNeverBetweenACallAndItsResult() {
        Conversation state =
                of(
                        user("hi"),
                        Stage.STARTED,
                        model(1),
                        Event.UserMessage.steering("during the answer"),
                        answer(1, "", "a", "b"),
                        completed("a", "A"),
                        Event.UserMessage.steering("during the tools"),
                        completed("b", "B"));
        assertThat(texts(state)).containsExactly("user hi", "assistant ", "a A", "b B");
        state.add(model(2));
        assertThat(texts(state)).endsWith("b B", "user during the answer", "user during the tools");
        assertThat(state.answered()).isFalse();
    }

    @Test
    void aTurnThatWasSteeredHasNotAnswered() {
        Conversation state =
                of(
                        user("hi"),
                        Stage.STARTED,
                        model(1),
                        Event.UserMessage.steering("wait"),
                        answer(1, "done"));
        assertThat(state.answered()).isFalse();
        state.add(model(2));
        state.add(answer(2, "done with that too"));
        assertThat(state.answered()).isTrue();
        assertThat(texts(state)).containsSubsequence("assistant done", "user wait");
    }

    @Test
    void whatSteeredATurnThatEndedOtherwiseIsKeptForTheNext() {
        Conversation state =
                of(
                        user("hi"),
                        Stage.STARTED,
                        model(1),
                        Event.UserMessage.steering("wait"),
                        user("next"),
                        end(StopReason.ERROR));
        assertThat(texts(state)).containsExactly("user hi", "user wait", "user next");
    }

    @Test
    void steeringWaitsForTheCallersResults() {
        Conversation state =
                of(
                        new Event.UserMessage("hi", List.of(CALLERS)),
                        Stage.STARTED,
                        model(1),
                        Event.UserMessage.steering("wait"),
                        answer(1, "", "a"),
                        end(StopReason.TOOL_CALLS));
        assertThat(state.openCalls()).hasSize(1);
        state.add(completed("a", "sunny"));
        state.add(Stage.STARTED);
        state.add(model(1));
        assertThat(texts(state)).containsExactly("user hi", "assistant ", "a sunny", "user wait");
    }

    @Test
    void aMessageThatComesDuringATurnWaitsForItsEnd() {
        Conversation state =
                of(
                        user("hi"),
                        Stage.STARTED,
                        answer(1, "", "a"),
                        user("next"),
                        completed("a", "A"),
                        answer(2, "done"));
        assertThat(texts(state)).doesNotContain("user next");
        state.add(end(StopReason.END));
        assertThat(texts(state)).endsWith("assistant done", "user next");
        assertThat(state.answered()).isFalse();
    }

    @Test
    void aNewTurnCountsFromZero() {
        Conversation state =
                of(
                        user("hi"),
                        Stage.STARTED,
                        model(1),
                        answer(1, "done"),
                        end(StopReason.END),
                        user("more"),
                        Stage.STARTED);
        assertThat(state.steps()).isZero();
        assertThat(state.usage()).isEqualTo(Usage.NONE);
        assertThat(state.answered()).isFalse();
    }

    @Test
    void anAnswerAfterALostModelCallOfAnEndedTurnDoesNotMatter() {
        Conversation state =
                of(user("hi"), Stage.STARTED, model(1), end(StopReason.ERROR), user("again"));
        assertThat(state.modelCalled()).isFalse();
        assertThat(texts(state)).containsExactly("user hi", "user again");
    }

    @Test
    void foldsAThousandEventsFast() {
        List<Event> events = new ArrayList<>(List.of(user("hi"), Stage.STARTED));
        for (int step = 1; events.size() < 20_000; step++) {
            events.add(model(step));
            events.add(answer(step, "", "c" + step));
            events.add(started("c" + step));
            events.add(completed("c" + step, "ok"));
        }
        long start = System.nanoTime();
        Conversation state = Conversation.of(events);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
        assertThat(state.messages()).hasSize(1 + 2 * ((20_000 - 2 + 3) / 4));
    }
}
