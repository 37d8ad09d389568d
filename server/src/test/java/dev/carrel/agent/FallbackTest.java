package dev.carrel.agent;

import static dev.carrel.agent.Stage.call;
import static dev.carrel.agent.Stage.calls;
import static dev.carrel.agent.Stage.journal;
import static dev.carrel.agent.Stage.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ChatModel;
import dev.carrel.model.Message;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FallbackTest {
    private final Stage stage = new Stage();
    private final List<String> asked = new ArrayList<>();

    private ChatModel failing(String name, ErrorCode code) {
        return (_, listener, _) -> {
            asked.add(name);
            listener.text("half of " + name);
            throw new CarrelException(code, name + " is out of order");
        };
    }

    private ChatModel saying(String name) {
        return (_, _, _) -> {
            asked.add(name);
            return text("from " + name);
        };
    }

    @ParameterizedTest
    @EnumSource(
            names = {
                "MODEL_UNAVAILABLE",
                "MODEL_RATE_LIMITED",
                "MODEL_UNAUTHORIZED",
                "MODEL_REFUSED_REQUEST",
                "MODEL_BAD_ANSWER"
            })
    void theNextModelTakesOverAndTheJournalSaysWhy(ErrorCode code) {
        stage.model = failing("first", code);
        stage.fallbacks.put("second", failing("second", ErrorCode.MODEL_UNAVAILABLE));
        stage.fallbacks.put("third", saying("third"));
        var journal = journal();

        stage.run(journal);

        assertThat(asked).containsExactly("first", "second", "third");
        assertThat(Stage.shape(journal.events()))
                .containsExactly(
                        "user:do it",
                        "turn",
                        "model:1",
                        "failed:fake/one",
                        "model:1",
                        "failed:second/one",
                        "model:1",
                        "answer:1",
                        "end:end");
        assertThat(journal.events())
                .contains(new Event.ModelStarted(1, "third/one"))
                .filteredOn(Event.ModelFailed.class::isInstance)
                .first()
                .extracting(event -> ((Event.ModelFailed) event).error())
                .isEqualTo(new Event.TurnError(code.wireName(), "first is out of order"));
        assertThat(journal.deltas())
                .containsExactly(
                        new Delta.Text("half of first"),
                        new Delta.Restarted(),
                        new Delta.Text("half of second"),
                        new Delta.Restarted());
    }

    @Test
    void whenNoneAnswersTheTurnFailsWithAllTheyHadToSay() {
        stage.model = failing("first", ErrorCode.MODEL_UNAUTHORIZED);
        stage.fallbacks.put("second", failing("second", ErrorCode.MODEL_UNAVAILABLE));
        var journal = journal();

        stage.run(journal);

        var end = (Event.TurnCompleted) journal.events().getLast();
        assertThat(end.reason()).isEqualTo(StopReason.ERROR);
        assertThat(end.error())
                .contains(
                        new Event.TurnError(
                                "model_unavailable",
                                "second is out of order; before, fake/one did not answer: first is"
                                        + " out of order"));
    }

    @Test
    void aConversationThatIsTooLongIsNotPassedOn() {
        stage.model = failing("first", ErrorCode.MODEL_CONTEXT_OVERFLOW);
        stage.fallbacks.put("second", saying("second"));
        var journal = journal();
        stage.run(journal);
        assertThat(asked).containsExactly("first");
        assertThat(Stage.shape(journal.events())).endsWith("end:error");
    }

    @Test
    void eachStepBeginsWithTheFirstModel() {
        stage.model = failing("first", ErrorCode.MODEL_UNAVAILABLE);
        stage.fallbacks.put(
                "second",
                (request, _, _) -> {
                    asked.add("second");
                    boolean looked =
                            request.messages().stream()
                                    .anyMatch(Message.ToolResult.class::isInstance);
                    return looked ? text("done") : calls(call("c", "look", "a"));
                });
        stage.run(journal());
        assertThat(asked).containsExactly("first", "second", "first", "second");
    }

    @Test
    void aModelWithoutAPriceGivesWayToOneThatHasOne() {
        stage.model = saying("first");
        stage.fallbacks.put("second", saying("second"));
        stage.pricedProviders.add("second");
        stage.budget =
                Budget.of(
                        Optional.of(BigDecimal.ONE),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty());
        var journal = journal();
        stage.run(journal);
        assertThat(asked).containsExactly("second");
        assertThat(Stage.shape(journal.events()))
                .containsExactly(
                        "user:do it", "turn", "failed:fake/one", "model:1", "answer:1", "end:end");
    }

    @Test
    void aCrashAtAnyAppendLeavesTheSameJournal() {
        stage.model = failing("first", ErrorCode.MODEL_UNAVAILABLE);
        stage.fallbacks.put("second", failing("second", ErrorCode.MODEL_UNAVAILABLE));
        stage.fallbacks.put("third", saying("third"));
        var whole = journal();
        stage.run(whole);
        for (int at = 0; at < whole.appends(); at++) {
            for (ListJournal.Moment moment : ListJournal.Moment.values()) {
                var journal = journal().crashAt(at, moment);
                try {
                    stage.run(journal);
                } catch (ListJournal.Crash e) {
                    stage.run(journal);
                }
                assertThat(Stage.shapeWithoutLosses(journal.events()))
                        .isEqualTo(Stage.shape(whole.events()));
            }
        }
    }
}
