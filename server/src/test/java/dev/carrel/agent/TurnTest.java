package dev.carrel.agent;

import static dev.carrel.agent.Stage.call;
import static dev.carrel.agent.Stage.calls;
import static dev.carrel.agent.Stage.journal;
import static dev.carrel.agent.Stage.shape;
import static dev.carrel.agent.Stage.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.model.Message;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TurnTest {
    private static final Event ASKED = new Event.ModelStarted(1, "fake/one");
    private static final Event STARTED = new Event.ToolStarted("a", "touch", "{\"at\":\"1\"}");
    private static final Event ANSWERED = Stage.answered(call("a", "touch", "1"));

    @Test
    void whatIsNotedIsKnownAtOnceAndJournaledWithWhatFollows() {
        ListJournal journal = journal(ASKED);
        int before = journal.events().size();
        var turn = new Turn(journal);

        turn.note(ANSWERED);

        assertThat(turn.state().openCalls()).hasSize(1);
        assertThat(journal.events()).hasSize(before);
        turn.append(STARTED);
        assertThat(journal.events().subList(before, before + 2)).containsExactly(ANSWERED, STARTED);
        assertThat(journal.appends()).isEqualTo(1);
        turn.flush();
        assertThat(journal.appends()).as("nothing was left").isEqualTo(1);
    }

    @Test
    void aTurnThatHasSomethingToWriteIsNotGivenBackBeforeWhatCameIsLookedAt() {
        ListJournal journal = journal(ASKED);
        var turn = new Turn(journal);

        turn.note(ANSWERED);

        assertThat(turn.rest()).isFalse();
        assertThat(journal.rests()).isZero();
        assertThat(turn.rest()).isTrue();
    }

    @Test
    void aMessageThatCameMeanwhileStandsBeforeWhatWasNoted() {
        ListJournal journal = journal(ASKED).steerBefore(0, "wait");
        var turn = new Turn(journal);

        turn.note(ANSWERED);
        turn.append(STARTED);

        assertThat(shape(journal.events()).reversed().subList(0, 3))
                .containsExactly("started:a", "answer:1", "user:wait");
        assertThat(turn.state().messages()).isEqualTo(Conversation.of(journal.events()).messages());
        assertThat(turn.state().openCalls()).hasSize(1);
    }

    @Test
    void aTurnThatIsSteeredKeepsWhatWasNotedAndDoesNotEnd() {
        ListJournal journal = journal(ASKED).steerBefore(0, "and that");
        var turn = new Turn(journal);

        turn.note(ANSWERED);
        turn.complete(StopReason.END);

        assertThat(shape(journal.events()).reversed().subList(0, 2))
                .containsExactly("answer:1", "user:and that");
        assertThat(turn.state().turnRunning()).isTrue();
    }

    @Test
    void theModelSeesAMessageOnceWheneverItComes() {
        for (int append = 0; append < 6; append++) {
            var stage = new Stage();
            stage.script(
                    calls(call("a", "touch", "1"), call("b", "look", "2")),
                    text("done"),
                    text("and that"));
            ListJournal journal = journal().steerBefore(append, "that too");

            stage.run(journal);

            List<String> told =
                    stage.requests.getLast().messages().stream()
                            .filter(Message.User.class::isInstance)
                            .map(message -> ((Message.User) message).text())
                            .toList();
            assertThat(told).as("append %d", append).containsExactly("do it", "that too");
            assertThat(shape(journal.events()).getLast()).isEqualTo("end:end");
        }
    }
}
