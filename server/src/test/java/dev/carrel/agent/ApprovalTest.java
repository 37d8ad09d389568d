package dev.carrel.agent;

import static dev.carrel.agent.Stage.call;
import static dev.carrel.agent.Stage.calls;
import static dev.carrel.agent.Stage.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.carrel.agent.ListJournal.Crash;
import dev.carrel.agent.ListJournal.Moment;
import dev.carrel.model.ToolCall;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ApprovalTest {
    private static final String PATTERN = "touch(prod*)";

    private final Stage stage = new Stage();
    private final ListJournal journal = Stage.journal();

    private void play(ToolCall... calls) {
        play(stage, calls);
    }

    private static void play(Stage stage, ToolCall... calls) {
        stage.approve = List.of(PATTERN, "look(secret*)");
        stage.script(calls(calls), text("done"));
    }

    private static Event.ApprovalDecided allow(String call) {
        return new Event.ApprovalDecided(call, "touch", PATTERN, true, false, "");
    }

    private static Event.ApprovalDecided allowForSession(String call) {
        return new Event.ApprovalDecided(call, "touch", PATTERN, true, true, "");
    }

    private static Event.ApprovalDecided deny(String call, String reason) {
        return new Event.ApprovalDecided(call, "touch", PATTERN, false, false, reason);
    }

    private List<String> shape() {
        return Stage.shape(journal.events()).stream().skip(4).toList();
    }

    @Test
    void aCallThatNeedsAWordWaitsForIt() {
        play(call("a", "touch", "prod"));
        stage.run(journal);
        assertThat(shape()).containsExactly("asked:a");
        assertThat(journal.rests()).isEqualTo(1);
        assertThat(stage.effects).isEmpty();
        journal.arrive(allow("a"));
        stage.run(journal);
        assertThat(shape())
                .containsExactly(
                        "asked:a",
                        "allowed:a",
                        "started:a",
                        "ok:a",
                        "model:2",
                        "answer:2",
                        "end:end");
        assertThat(stage.effects).containsExactly("touch prod");
    }

    @Test
    void theModelSeesWhyACallWasDenied() {
        play(call("a", "touch", "prod"));
        stage.run(journal);
        journal.arrive(deny("a", "not on a Friday"));
        stage.run(journal);
        assertThat(shape()).contains("denied:a").doesNotContain("started:a");
        assertThat(Stage.results(journal.events()).get("a"))
                .isEqualTo("denied by the user; it was not run. The reason: not on a Friday");
        assertThat(stage.effects).isEmpty();
        assertThat(shape()).last().isEqualTo("end:end");
    }

    @Test
    void otherCallsAreNotAsked() {
        play(call("a", "touch", "test"));
        stage.run(journal);
        assertThat(shape()).doesNotContain("asked:a").last().isEqualTo("end:end");
    }

    @Test
    void severalWaitAtOnceAndEachRunsInItsTurn() {
        play(call("a", "touch", "prod1"), call("b", "touch", "prod2"));
        stage.run(journal);
        assertThat(shape()).containsExactly("asked:a", "asked:b");
        journal.arrive(allow("b"));
        stage.run(journal);
        assertThat(stage.effects).isEmpty();
        assertThat(journal.rests()).isEqualTo(2);
        journal.arrive(allow("a"));
        stage.run(journal);
        assertThat(stage.effects).containsExactly("touch prod1", "touch prod2");
    }

    @Test
    void readsGoFirstAndNothingPassesAChangeThatWaits() {
        play(
                call("r", "look", "x"),
                call("s", "look", "secret"),
                call("t", "look", "y"),
                call("a", "touch", "prod"),
                call("u", "look", "z"));
        stage.run(journal);
        assertThat(shape())
                .containsExactly("asked:s", "asked:a", "started:r", "started:t", "ok:r", "ok:t");
        journal.arrive(new Event.ApprovalDecided("s", "look", "look(secret*)", true, false, ""));
        stage.run(journal);
        assertThat(shape()).contains("ok:s").doesNotContain("started:u");
        journal.arrive(allow("a"));
        stage.run(journal);
        assertThat(shape())
                .containsSubsequence("started:a", "ok:a", "started:u", "ok:u", "end:end");
    }

    @Test
    void aChangeBeforeTheOneThatWaitsRuns() {
        play(call("a", "touch", "test"), call("b", "touch", "prod"));
        stage.run(journal);
        assertThat(shape()).containsExactly("asked:b", "started:a", "ok:a");
    }

    @Test
    void aWordForTheSessionCountsForLaterTurnsButNotForOtherPatterns() {
        play(call("a", "touch", "prod"));
        stage.run(journal);
        journal.arrive(allowForSession("a"));
        stage.run(journal);
        journal.arrive(Stage.TASK);
        journal.arrive(Stage.STARTED);
        stage.approve = List.of("touch(prod*)", "touch(*2)", "look(secret*)");
        stage.model =
                (_, _, _) ->
                        calls(
                                call("b", "touch", "prod"),
                                call("c", "touch", "prod2"),
                                call("d", "look", "secret"));
        stage.run(journal);
        assertThat(shape()).contains("started:b").doesNotContain("asked:b");
        assertThat(journal.events())
                .contains(
                        new Event.ApprovalRequested(
                                "c", "touch", "{\"at\":\"prod2\"}", "touch(*2)"))
                .anyMatch(e -> e instanceof Event.ApprovalRequested r && r.callId().equals("d"));
    }

    @Test
    void aWordForTheSessionLeavesWaitingCallsToTheirOtherPatterns() {
        play(call("a", "touch", "prod1"), call("b", "touch", "prod2"), call("c", "touch", "prod"));
        stage.approve = List.of(PATTERN, "touch(*2)");
        stage.run(journal);
        assertThat(shape()).containsExactly("asked:a", "asked:b", "asked:c");
        journal.arrive(allowForSession("a"));
        stage.run(journal);
        assertThat(shape()).contains("started:a").doesNotContain("started:b");
        assertThat(journal.events())
                .contains(
                        new Event.ApprovalRequested(
                                "b", "touch", "{\"at\":\"prod2\"}", "touch(*2)"));
        assertThat(journal.rests()).isEqualTo(2);
        journal.arrive(new Event.ApprovalDecided("b", "touch", "touch(*2)", false, false, ""));
        stage.run(journal);
        assertThat(stage.effects).containsExactly("touch prod1", "touch prod");
    }

    @Test
    void aWordThatComesWhileTheTurnIsGivenBackIsNotMissed() {
        play(call("a", "touch", "prod"));
        stage.run(journal.arriveBeforeRest(allow("a")));
        assertThat(journal.rests()).isZero();
        assertThat(shape()).last().isEqualTo("end:end");
    }

    @Test
    void aWordThatComesWhileAnotherCallIsAskedAboutIsNotMissed() {
        int come = 0;
        for (int append = 0; append < 8; append++) {
            var other = new Stage();
            play(other, call("a", "touch", "prod1"), call("b", "touch", "prod2"));
            ListJournal said = Stage.journal().arriveBefore(append, allow("a"));
            other.run(said);
            List<String> shape = Stage.shape(said.events());
            int asked = shape.indexOf("asked:a");
            if (asked >= 0 && said.events().indexOf(allow("a")) > asked) {
                assertThat(shape).endsWith("allowed:a", "asked:b", "started:a", "ok:a");
                come++;
            }
        }
        assertThat(come).isPositive();
    }

    @Test
    void aMessageThatSteersIsSeenAfterTheWord() {
        play(call("a", "touch", "prod"));
        stage.run(journal.arriveBeforeRest(Event.UserMessage.steering("also this")));
        assertThat(journal.rests()).isEqualTo(1);
        journal.arrive(allow("a"));
        stage.run(journal);
        assertThat(stage.requests.getLast().messages().getLast())
                .isEqualTo(new dev.carrel.model.Message.User("also this"));
    }

    @Test
    void anInterruptClosesWhatWaits() {
        play(call("a", "touch", "prod"), call("r", "look", "x"));
        stage.run(journal);
        stage.cancellation.cancel();
        stage.run(journal);
        assertThat(shape())
                .containsExactly("asked:a", "interrupted:a", "interrupted:r", "end:interrupted");
        assertThat(stage.effects).isEmpty();
    }

    @Test
    void aQuestionOfATurnThatEndedIsVoid() {
        play(call("a", "touch", "prod"));
        stage.run(journal);
        journal.arrive(
                new Event.TurnCompleted(
                        StopReason.ERROR, 1, Stage.USAGE, java.util.Optional.empty()));
        assertThat(Conversation.of(journal.events()).approvals().waiting()).isEmpty();
    }

    @Test
    void whatCannotRunIsNotAsked() {
        play(new ToolCall("a", "touch", "{\"at\": 1}"), call("b", "toch", "prod"));
        stage.run(journal);
        assertThat(shape()).contains("error:a", "error:b").doesNotContain("asked:a", "asked:b");
    }

    /// Two calls wait; the one is allowed, then the other denied. Killed at any append, the server
    /// asks the same questions, runs what was allowed once, and takes nothing for a word.
    private static void turn(Stage stage, ListJournal journal) {
        run(stage, journal);
        if (journal.rests() == 1) {
            journal.arrive(allow("a"));
            run(stage, journal);
            journal.arrive(deny("b", "no"));
            run(stage, journal);
        }
    }

    private static void run(Stage stage, ListJournal journal) {
        if (catchThrowable(() -> stage.run(journal)) instanceof Crash) {
            stage.run(journal);
        }
    }

    private static Stage two() {
        var stage = new Stage();
        play(stage, call("a", "touch", "prod1"), call("b", "touch", "prod2"));
        return stage;
    }

    static Stream<Arguments> everyAppend() {
        ListJournal journal = Stage.journal();
        turn(two(), journal);
        return IntStream.range(0, journal.appends())
                .boxed()
                .flatMap(n -> Stream.of(Moment.values()).map(moment -> Arguments.of(n, moment)));
    }

    @ParameterizedTest
    @MethodSource("everyAppend")
    void aCrashIsNeverTakenForAWord(int append, Moment moment) {
        ListJournal whole = Stage.journal();
        turn(two(), whole);
        Stage crashed = two();
        ListJournal cut = Stage.journal().crashAt(append, moment);
        turn(crashed, cut);
        List<String> shape = Stage.shapeWithoutLosses(cut.events());
        assertThat(shape.stream().map(entry -> entry.replace("interrupted:a", "ok:a")))
                .isEqualTo(Stage.shape(whole.events()));
        assertThat(crashed.effects)
                .isSubsetOf("touch prod1")
                .hasSize(shape.contains("ok:a") ? 1 : crashed.effects.size());
    }
}
