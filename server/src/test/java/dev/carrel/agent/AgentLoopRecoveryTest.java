package dev.carrel.agent;

import static dev.carrel.agent.Stage.call;
import static dev.carrel.agent.Stage.journal;
import static dev.carrel.agent.Stage.results;
import static dev.carrel.agent.Stage.shape;
import static dev.carrel.agent.Stage.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.model.FinishReason;
import dev.carrel.model.ToolCall;
import dev.carrel.tool.ToolResult;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Turns that a crash has left in the middle of something.
@Timeout(30)
class AgentLoopRecoveryTest {
    private final Stage stage = new Stage();

    @Test
    void aModelCallWithoutAnswerIsMadeAgainUnderTheSameStep() {
        ListJournal journal = journal(new Event.ModelStarted(1, "fake/one"));
        stage.run(journal);
        assertThat(shape(journal.events()))
                .containsExactly(
                        "user:do it",
                        "turn",
                        "model:1",
                        "lost:1",
                        "model:1",
                        "answer:1",
                        "end:end");
        assertThat(journal.deltas()).first().isEqualTo(new Delta.Restarted());
    }

    @Test
    void startedCallsAreClosedEachInItsWay() {
        stage.tools.add(Stage.resumable("sh", (_, _) -> ToolResult.ok("real result")));
        ToolCall look = call("a", "look", "1");
        ToolCall shell = call("b", "sh", "2");
        ToolCall touch = call("c", "touch", "3");
        ToolCall fresh = call("d", "touch", "4");
        stage.script(text("never"), text("done"));
        ListJournal journal =
                journal(
                        new Event.ModelStarted(1, "fake/one"),
                        Stage.answered(look, shell, touch, fresh),
                        new Event.ToolStarted("a", "look", look.arguments()),
                        new Event.ToolStarted("b", "sh", shell.arguments()),
                        new Event.ToolStarted("c", "touch", touch.arguments()));
        stage.run(journal);
        assertThat(shape(journal.events()).subList(7, 14))
                .containsExactly(
                        "ok:a",
                        "ok:b",
                        "interrupted:c",
                        "started:d",
                        "ok:d",
                        "model:2",
                        "answer:2");
        assertThat(stage.effects).containsExactly("look 1", "touch 4");
        assertThat(results(journal.events()))
                .containsEntry("b", "real result")
                .containsEntry(
                        "c",
                        "interrupted: the server restarted; it may have run in part; look before"
                                + " you retry");
    }

    @Test
    void theLastAnswerOfACrashedTurnEndsIt() {
        ListJournal journal =
                journal(
                        new Event.ModelStarted(1, "fake/one"),
                        new Event.AssistantMessage(
                                1,
                                Stage.assistant("done"),
                                FinishReason.STOP,
                                Stage.USAGE,
                                "one",
                                Duration.ZERO));
        stage.run(journal);
        assertThat(journal.events().getLast())
                .isEqualTo(
                        new Event.TurnCompleted(StopReason.END, 1, Stage.USAGE, Optional.empty()));
        assertThat(stage.requests).isEmpty();
    }
}
