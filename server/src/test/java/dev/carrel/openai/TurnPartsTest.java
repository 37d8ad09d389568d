package dev.carrel.openai;

import static dev.carrel.openai.Items.TURN;
import static dev.carrel.openai.Items.USAGE;
import static dev.carrel.openai.Items.bash;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.agent.Delta;
import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.FinishReason;
import dev.carrel.model.ToolCall;
import dev.carrel.session.StreamItem;
import dev.carrel.tool.ToolStatus;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TurnPartsTest {
    private static final ToolCall RUN = bash("call_1", "ls");
    private static final ToolCall WEATHER =
            new ToolCall("call_w", "weather", "{\"city\":\"Rome\"}");
    private static final Part END = new Part.End("stop", "end", USAGE);

    @Test
    void toolCallIsPreparedCalledAndCompletedInThisOrder() {
        Items turn =
                Items.ofTurn()
                        .step(1)
                        .delta(new Delta.ToolArguments("call_1", "bash", "{\"command\""))
                        .delta(new Delta.ToolArguments("call_1", "bash", ":\"ls\"}"))
                        .answer("", RUN)
                        .started(RUN)
                        .delta(new Delta.ToolOutput("call_1", "a.txt\n"))
                        .completed(RUN, ToolStatus.OK, "a.txt\n")
                        .end(StopReason.END);

        assertThat(parts(turn))
                .containsExactly(
                        new Part.Preparing("call_1", "bash", "{\"command\""),
                        new Part.Preparing("call_1", "bash", ":\"ls\"}"),
                        new Part.Calling(RUN),
                        new Part.Output("call_1", "bash", "a.txt\n"),
                        new Part.Completed(RUN, ToolStatus.OK, "a.txt\n", Duration.ofMillis(12)),
                        END);
    }

    @Test
    void entriesAloneTellTheWholeTurn() {
        Items turn =
                Items.ofTurn()
                        .step(1)
                        .answer("Hm.", "Let me look.", FinishReason.TOOL_CALLS, RUN)
                        .started(RUN)
                        .completed(RUN, ToolStatus.ERROR, "no")
                        .step(2)
                        .answer("Done.")
                        .end(StopReason.END);

        assertThat(parts(turn))
                .containsExactly(
                        new Part.Reasoning("Hm."),
                        new Part.Text("Let me look."),
                        new Part.Preparing("call_1", "bash", RUN.arguments()),
                        new Part.Calling(RUN),
                        new Part.Completed(RUN, ToolStatus.ERROR, "no", Duration.ofMillis(12)),
                        new Part.Text("\n\nDone."),
                        END);
    }

    @Test
    void entryAddsTheArgumentsThatNoDeltaBrought() {
        Items turn =
                Items.ofTurn()
                        .delta(new Delta.ToolArguments("call_1", "bash", "{\"comm"))
                        .answer("", RUN);

        assertThat(parts(turn))
                .containsExactly(
                        new Part.Preparing("call_1", "bash", "{\"comm"),
                        new Part.Preparing("call_1", "bash", "and\":\"ls\"}"));
    }

    @Test
    void otherTurnsOfTheSessionAreNotShown() {
        Items other = Items.ofOtherTurn().text("no").answer("no").end(StopReason.END);

        assertThat(parts(other)).isEmpty();
    }

    @Test
    void callsOfAnAttemptThatFailedAreDropped() {
        Items turn =
                Items.ofTurn()
                        .text("I ")
                        .delta(new Delta.ToolArguments("call_1", "bash", "{"))
                        .delta(new Delta.Restarted())
                        .text("I run it")
                        .delta(new Delta.ToolArguments("call_2", "bash", "{}"))
                        .end(StopReason.INTERRUPTED);

        assertThat(parts(turn))
                .containsExactly(
                        new Part.Text("I "),
                        new Part.Preparing("call_1", "bash", "{"),
                        new Part.Dropped("call_1", "bash"),
                        new Part.Text("run it"),
                        new Part.Preparing("call_2", "bash", "{}"),
                        new Part.Dropped("call_2", "bash"),
                        new Part.End("stop", "interrupted", USAGE));
    }

    @Test
    void callersToolIsPassedOnWhenTheTurnEndsForIt() {
        Items turn =
                Items.ofTurn()
                        .delta(new Delta.ToolArguments("call_w", "weather", WEATHER.arguments()))
                        .answer("", RUN, WEATHER)
                        .started(RUN)
                        .completed(RUN, ToolStatus.OK, "")
                        .end(StopReason.TOOL_CALLS);

        assertThat(parts(turn))
                .containsExactly(
                        new Part.Preparing("call_1", "bash", RUN.arguments()),
                        new Part.Calling(RUN),
                        new Part.Completed(RUN, ToolStatus.OK, "", Duration.ofMillis(12)),
                        new Part.CallerCalls(List.of(WEATHER)),
                        new Part.End("tool_calls", "tool_calls", USAGE));
    }

    @Test
    void callersToolOfAnInterruptedTurnIsNeverPassedOn() {
        Items turn =
                Items.ofTurn()
                        .answer("", WEATHER)
                        .completed(WEATHER, ToolStatus.INTERRUPTED, "not run")
                        .end(StopReason.INTERRUPTED);

        assertThat(parts(turn)).containsExactly(new Part.End("stop", "interrupted", USAGE));
    }

    @Test
    void resultsThatTheCallerSentAreNotToldBack() {
        Items turn =
                Items.ofTurn()
                        .completed(WEATHER, ToolStatus.OK, "sunny")
                        .event(new Event.TurnStarted(1))
                        .text("Sunny.")
                        .answer("Sunny.")
                        .end(StopReason.END);

        assertThat(parts(turn)).containsExactly(new Part.Text("Sunny."), END);
    }

    @ParameterizedTest
    @CsvSource({
        "END, STOP, stop",
        "END, LENGTH, length",
        "END, CONTENT_FILTER, content_filter",
        "LENGTH, LENGTH, length",
        "MAX_STEPS, TOOL_CALLS, length",
        "BUDGET, STOP, length",
        "INTERRUPTED, STOP, stop",
        "STUCK, STOP, length",
        "MALFORMED_CALLS, TOOL_CALLS, length",
        "TOOL_CALLS, TOOL_CALLS, tool_calls"
    })
    void everyStopReasonHasOneOfTheirs(StopReason reason, FinishReason finish, String expected) {
        Items turn = Items.ofTurn().answer("", "x", finish).end(reason);

        assertThat(parts(turn).getLast())
                .isEqualTo(new Part.End(expected, reason.wireName(), USAGE));
    }

    @Test
    void failedTurnEndsInItsError() {
        assertThat(parts(Items.ofTurn().fail("model_unavailable", "down")))
                .containsExactly(new Part.Failure(ErrorCode.MODEL_UNAVAILABLE, "down"));
        assertThat(parts(Items.ofTurn().fail("of_a_later_version", "odd")))
                .containsExactly(new Part.Failure(ErrorCode.INTERNAL_ERROR, "odd"));
    }

    private static List<Part> parts(Items turn) {
        var parts = new TurnParts(TURN, Set.of("weather"));
        return turn.list().stream()
                .map((StreamItem item) -> parts.of(item))
                .flatMap(List::stream)
                .toList();
    }
}
