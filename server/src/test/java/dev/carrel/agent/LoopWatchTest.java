package dev.carrel.agent;

import static dev.carrel.agent.Stage.assistant;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.model.ToolCall;
import dev.carrel.tool.ToolStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoopWatchTest {
    private final LoopWatch watch = new LoopWatch();
    private int ids;

    /// One answer with these calls, each `tool arguments = status result`.
    private void step(String... outcomes) {
        List<ToolCall> calls = new ArrayList<>();
        for (String outcome : outcomes) {
            String[] call = outcome.split(" = ")[0].split(" ");
            calls.add(new ToolCall("c" + ids++, call[0], call[1]));
        }
        watch.answer(assistant("", calls.toArray(ToolCall[]::new)));
        for (int i = 0; i < outcomes.length; i++) {
            String[] result = outcomes[i].split(" = ")[1].split(" ");
            watch.completed(
                    new Event.ToolCompleted(
                            calls.get(i).id(),
                            calls.get(i).name(),
                            ToolStatus.valueOf(result[0]),
                            result[1],
                            Duration.ofMillis(ids)));
        }
    }

    private void steps(int times, String... outcomes) {
        for (int i = 0; i < times; i++) {
            step(outcomes);
        }
    }

    @Test
    void theSameCallWithTheSameResultFourTimesIsACircle() {
        steps(3, "read a = OK x");
        assertThat(watch.pattern()).isEmpty();
        step("read a = OK x");
        assertThat(watch.pattern()).contains(LoopPattern.SAME_CALL);
    }

    @Test
    void anotherResultOrAnotherCallInBetweenIsNone() {
        steps(3, "read a = OK x");
        step("read a = OK y");
        steps(3, "read a = OK x");
        step("read b = OK x");
        steps(3, "read a = OK x");
        assertThat(watch.pattern()).isEmpty();
    }

    @Test
    void theSameErrorThreeTimesIsACircleWhateverTheArguments() {
        step("bash a = ERROR no");
        step("bash b = ERROR no");
        assertThat(watch.pattern()).isEmpty();
        step("bash c = ERROR no");
        assertThat(watch.pattern()).contains(LoopPattern.SAME_ERROR);
    }

    @Test
    void errorsThatDifferAreProgress() {
        step("bash a = ERROR no");
        step("bash b = ERROR never");
        step("bash c = ERROR no");
        step("read c = ERROR no");
        assertThat(watch.pattern()).isEmpty();
    }

    @Test
    void twoCallsInTurnSixTimesAreACircle() {
        steps(2, "read a = OK x");
        step("read b = OK y");
        step("read a = OK x");
        step("read b = OK y");
        step("read a = OK x");
        assertThat(watch.pattern()).isEmpty();
        step("read b = OK y");
        assertThat(watch.pattern()).contains(LoopPattern.ALTERNATING);
    }

    @Test
    void twoCallsInOneAnswerAgainAndAgainAreACircleToo() {
        steps(2, "read a = OK x", "read b = OK y");
        assertThat(watch.pattern()).isEmpty();
        step("read a = OK x", "read b = OK y");
        assertThat(watch.pattern()).contains(LoopPattern.ALTERNATING);
    }

    @Test
    void equalCallsOfOneAnswerCountOnce() {
        step("read a = OK x", "read a = OK x", "read a = OK x", "read a = OK x");
        assertThat(watch.pattern()).isEmpty();
    }

    @Test
    void callsThatWereInterruptedSayNothing() {
        steps(8, "bash a = INTERRUPTED stopped");
        assertThat(watch.pattern()).isEmpty();
    }

    @Test
    void theSameAnswerWithoutACallThreeTimesIsAMonologue() {
        watch.answer(assistant("Shall I?"));
        watch.answer(assistant("Shall I? "));
        assertThat(watch.pattern()).isEmpty();
        watch.answer(assistant("Shall I?"));
        assertThat(watch.pattern()).contains(LoopPattern.MONOLOGUE);
    }

    @Test
    void answersThatDifferOrActAreNone() {
        watch.answer(assistant("Shall I?"));
        watch.answer(assistant("Shall I?"));
        step("read a = OK x");
        watch.answer(assistant("Shall I?"));
        watch.answer(assistant("I shall."));
        watch.answer(assistant("Shall I?"));
        assertThat(watch.pattern()).isEmpty();
    }

    @Test
    void afterARestartItCountsAnew() {
        steps(4, "read a = OK x");
        watch.restart();
        assertThat(watch.pattern()).isEmpty();
        steps(3, "read a = OK x");
        assertThat(watch.pattern()).isEmpty();
        step("read a = OK x");
        assertThat(watch.pattern()).contains(LoopPattern.SAME_CALL);
    }
}
