package dev.carrel.agent;

import static dev.carrel.agent.Stage.STARTED;
import static dev.carrel.agent.Stage.TASK;
import static dev.carrel.agent.Stage.call;
import static dev.carrel.agent.Stage.calls;
import static dev.carrel.agent.Stage.journal;
import static dev.carrel.agent.Stage.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.agent.BudgetState.Scope;
import dev.carrel.model.Cancellation;
import dev.carrel.model.ChatAnswer;
import dev.carrel.model.ChatModel;
import dev.carrel.model.Cost;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.Taken;
import dev.carrel.model.ToolCall;
import dev.carrel.model.Usage;
import dev.carrel.tool.ToolResult;
import dev.carrel.tool.ToolStatus;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class GuardsTest {
    private final Stage stage = new Stage();
    private final AtomicInteger asked = new AtomicInteger();

    /// Calls `look` at another place each time, for ever.
    private void wander() {
        stage.model =
                (_, _, _) -> {
                    int n = asked.incrementAndGet();
                    return calls(call("c" + n, "look", "place " + n));
                };
    }

    private void always(ToolCall call) {
        stage.model =
                (_, _, _) -> {
                    int n = asked.incrementAndGet();
                    return calls(new ToolCall(call.id() + n, call.name(), call.arguments()));
                };
    }

    private static Budget usd(String usd) {
        return Budget.of(
                Optional.of(new BigDecimal(usd)),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    private static Budget tokens(long tokens) {
        return Budget.of(Optional.empty(), Optional.of(tokens), Optional.empty(), Optional.empty());
    }

    private static Budget minutes(String minutes) {
        return Budget.of(
                Optional.empty(),
                Optional.empty(),
                Optional.of(new BigDecimal(minutes)),
                Optional.empty());
    }

    private static Budget steps(int steps) {
        return Budget.of(Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(steps));
    }

    private static Event.TurnCompleted end(ListJournal journal) {
        return (Event.TurnCompleted) journal.events().getLast();
    }

    private Event.TurnCompleted run(ListJournal journal) {
        stage.run(journal);
        return end(journal);
    }

    private static Event.BudgetReached reached(Event.TurnCompleted end) {
        assertThat(end.reason()).isEqualTo(StopReason.BUDGET);
        assertThat(end.error().orElseThrow().code()).isEqualTo("budget_exceeded");
        return end.error().orElseThrow().budget().orElseThrow();
    }

    @Test
    void tokensEndTheTurnBeforeTheNextCall() {
        wander();
        stage.budget = tokens(31); // an answer takes 15

        Event.TurnCompleted end = run(journal());

        assertThat(reached(end))
                .isEqualTo(
                        new Event.BudgetReached(
                                "turn", "tokens", BigDecimal.valueOf(31), BigDecimal.valueOf(45)));
        assertThat(end.error().orElseThrow().message())
                .isEqualTo("the budget of this turn is spent: 45 of 31 tokens");
        assertThat(asked).hasValue(3);
        assertThat(end.steps()).isEqualTo(3);
    }

    @Test
    void moneyEndsTheTurnToTheLastDigit() {
        stage.pricedProviders.add("fake");
        stage.budget = usd("0.000003");
        stage.model =
                (_, _, _) -> {
                    int n = asked.incrementAndGet();
                    var message = Stage.assistant("", call("c" + n, "look", "place " + n));
                    var usage =
                            new Usage(1, 1, 0, 0, 0, Optional.of(new Cost(1_000_000))); // 10⁻⁶ USD
                    return new ChatAnswer(message, FinishReason.TOOL_CALLS, usage, "one");
                };

        Event.TurnCompleted end = run(journal());

        assertThat(reached(end).unit()).isEqualTo("usd");
        assertThat(reached(end).used()).isEqualByComparingTo("0.000003");
        assertThat(asked).hasValue(3);
    }

    @Test
    void aModelWithoutAPriceIsNotAskedWhereMoneyIsLimited() {
        stage.budget = usd("5");
        stage.model = (_, _, _) -> text("asked " + asked.incrementAndGet());

        Event.TurnCompleted end = run(journal());

        assertThat(end.reason()).isEqualTo(StopReason.ERROR);
        assertThat(end.error().orElseThrow().code()).isEqualTo("model_price_unknown");
        assertThat(asked).hasValue(0);
    }

    @Test
    void timeIsWhatModelAndToolsHaveWorked() {
        wander();
        stage.budget = minutes("1");
        var worked =
                new Event.AssistantMessage(
                        1,
                        Stage.assistant("", call("c", "look", "a")),
                        FinishReason.TOOL_CALLS,
                        Stage.USAGE,
                        "one",
                        Duration.ofSeconds(45));
        var done =
                new Event.ToolCompleted(
                        "c", "look", ToolResult.ok("").status(), "ok", Duration.ofSeconds(16));

        Event.TurnCompleted end = run(journal(new Event.ModelStarted(1, "m"), worked, done));

        assertThat(reached(end).unit()).isEqualTo("minutes");
        assertThat(reached(end).limit()).isEqualByComparingTo("1");
        assertThat(reached(end).used()).isEqualByComparingTo("1.017");
        assertThat(asked).hasValue(0);
    }

    @Test
    void aCallUnderWayIsStoppedWhenTheMinutesAreOver() {
        stage.budget = minutes("0.003"); // 180 ms
        stage.model =
                (_, listener, cancellation) -> {
                    listener.text("thinking");
                    var stopped = new CountDownLatch(1);
                    cancellation.onCancel(stopped::countDown);
                    await(stopped);
                    throw new Cancellation.CancelledException();
                };
        var journal = journal();

        Event.TurnCompleted end = run(journal);

        assertThat(reached(end).used()).isEqualByComparingTo("0.003");
        assertThat(end.unanswered()).isBetween(Duration.ofMillis(180), Duration.ofSeconds(20));
        assertThat(Stage.shape(journal.events()))
                .containsExactly("user:do it", "turn", "model:1", "end:budget");
        assertThat(stage.cancellation.isCancelled()).isFalse();
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whatACallTookThatWasCutCounts() {
        stage.budget = minutes("0.003");
        stage.model =
                (_, listener, cancellation) -> {
                    listener.lost(new Taken(new Usage(70, 3, 0, 0, 0), true));
                    var stopped = new CountDownLatch(1);
                    cancellation.onCancel(stopped::countDown);
                    await(stopped);
                    throw new Cancellation.CancelledException();
                };
        var journal = journal();
        Event.TurnCompleted end = run(journal);
        assertThat(reached(end).unit()).isEqualTo("minutes");
        assertThat(end.usage().totalTokens()).isEqualTo(73);
        Event.ModelLost lost = lost(journal);
        assertThat(lost.step()).isEqualTo(1);
        assertThat(lost.model()).isEqualTo("fake/one");
        assertThat(lost.estimated()).isTrue();
        assertThat(end.unanswered()).isGreaterThan(Duration.ofMillis(100));
        assertThat(lost.duration()).isZero(); // it is counted once

        stage.budget = Budget.NONE;
        stage.model =
                (_, listener, _) -> {
                    listener.lost(new Taken(new Usage(40, 2, 0, 0, 0), false));
                    stage.cancellation.cancel();
                    throw new Cancellation.CancelledException();
                };
        var interrupted = journal();
        assertThat(run(interrupted).usage().totalTokens()).isEqualTo(42);
        assertThat(Stage.shape(interrupted.events()))
                .endsWith("model:1", "lost:1", "end:interrupted");
    }

    private static Event.ModelLost lost(ListJournal journal) {
        return journal.events().stream()
                .filter(Event.ModelLost.class::isInstance)
                .map(Event.ModelLost.class::cast)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void attemptsThatFailedCountBesideTheAnswer() {
        stage.model =
                (_, listener, _) -> {
                    listener.lost(new Taken(new Usage(40, 2, 0, 0, 0), false));
                    listener.restarted();
                    return text("done");
                };
        var journal = journal();
        assertThat(run(journal).usage().totalTokens()).isEqualTo(42 + 15);
        assertThat(Stage.shape(journal.events()))
                .endsWith("model:1", "lost:1", "answer:1", "end:end");
    }

    @Test
    void aCallThatACrashCutCountsBeforeItIsMadeAgain() {
        var journal = journal(new Event.ModelStarted(1, "fake/one"));
        stage.model = (_, _, _) -> text("asked " + asked.incrementAndGet());
        assertThat(run(journal).reason()).isEqualTo(StopReason.END);
        assertThat(lost(journal).usage().inputTokens()).isPositive();
        assertThat(lost(journal).estimated()).isTrue();
        assertThat(Stage.shape(journal.events()))
                .endsWith("model:1", "lost:1", "model:1", "answer:1", "end:end");

        asked.set(0);
        stage.budget = tokens(lost(journal).usage().inputTokens());
        var poor = journal(new Event.ModelStarted(1, "fake/one"));
        assertThat(reached(run(poor)).unit()).isEqualTo("tokens");
        assertThat(asked).hasValue(0);
    }

    @Test
    void eachCallThatACrashCutCounts() {
        var journal = journal(new Event.ModelStarted(1, "fake/one"));
        stage.model = (_, _, _) -> text("done");
        journal.crashAt(2, ListJournal.Moment.BEFORE); // in the append of the answer
        assertThatThrownBy(() -> stage.run(journal)).isInstanceOf(ListJournal.Crash.class);
        Event.TurnCompleted end = run(journal);
        assertThat(Stage.shape(journal.events()))
                .endsWith(
                        "model:1", "lost:1", "model:1", "lost:1", "model:1", "answer:1", "end:end");
        long lost = lost(journal).usage().inputTokens();
        assertThat(end.usage().inputTokens()).isGreaterThanOrEqualTo(2 * lost);
    }

    @Test
    void aCallThatACrashCutCountsAlsoWhenTheTurnIsInterruptedThen() {
        var journal = journal(new Event.ModelStarted(1, "fake/one"));
        stage.cancellation.cancel();
        assertThat(run(journal).usage().inputTokens()).isPositive();
        assertThat(Stage.shape(journal.events())).endsWith("model:1", "lost:1", "end:interrupted");
    }

    @Test
    void theLastStepIsTakenAgainAfterACrash() {
        stage.maxSteps = 1;
        assertThat(run(journal(new Event.ModelStarted(1, "fake/one"))).reason())
                .isEqualTo(StopReason.END);
    }

    @Test
    void aToolUnderWayIsStoppedWhenTheMinutesAreOver() {
        stage.budget = minutes("0.003");
        stage.tools.add(
                Stage.tool(
                        "hang",
                        false,
                        (_, context) -> {
                            var stopped = new CountDownLatch(1);
                            context.cancellation().onCancel(stopped::countDown);
                            await(stopped);
                            return new ToolResult(ToolStatus.INTERRUPTED, "killed");
                        }));
        stage.model =
                (_, _, _) -> {
                    asked.incrementAndGet();
                    return calls(call("a", "hang", "x"), call("b", "touch", "y"));
                };
        var journal = journal();
        Event.TurnCompleted end = run(journal);
        assertThat(reached(end).unit()).isEqualTo("minutes");
        assertThat(Stage.shape(journal.events()))
                .endsWith("started:a", "interrupted:a", "interrupted:b", "end:budget");
        assertThat(Stage.results(journal.events()))
                .containsEntry("a", "killed\n" + CallRunner.TIME_IS_OVER)
                .containsEntry("b", CallRunner.NO_TIME_LEFT);
        assertThat(stage.effects).isEmpty();
        assertThat(asked).hasValue(1);
    }

    @Test
    void aCommandThatACrashLeftRunningIsStoppedWhenNoTimeIsLeft() {
        stage.budget = minutes("0.003");
        var stopped = new ArrayList<String>();
        stage.tools.add(
                Stage.resumable(
                        "sh",
                        (_, context) -> {
                            context.cancellation().onCancel(() -> stopped.add("sh"));
                            return new ToolResult(ToolStatus.INTERRUPTED, "killed");
                        }));
        ToolCall sh = call("a", "sh", "x");
        var slow =
                new Event.AssistantMessage(
                        1,
                        Stage.assistant("", sh),
                        FinishReason.TOOL_CALLS,
                        Stage.USAGE,
                        "one",
                        Duration.ofSeconds(1));
        var journal =
                journal(
                        new Event.ModelStarted(1, "fake/one"),
                        slow,
                        new Event.ToolStarted("a", "sh", sh.arguments()));
        assertThat(reached(run(journal)).unit()).isEqualTo("minutes");
        assertThat(stopped).containsExactly("sh");
        assertThat(Stage.shape(journal.events())).endsWith("interrupted:a", "end:budget");
    }

    @Test
    void anInterruptIsNeverTakenForTheEndOfTime() {
        stage.budget = minutes("60");
        stage.model =
                (_, _, _) -> {
                    stage.cancellation.cancel();
                    throw new Cancellation.CancelledException();
                };
        assertThat(run(journal()).reason()).isEqualTo(StopReason.INTERRUPTED);
    }

    @Test
    void messagesLowerTheBudgetAndNeverRaiseIt() {
        wander();
        stage.budget = tokens(60);
        var lower = new ListJournal(List.of(TASK.within(tokens(16)), STARTED));
        assertThat(reached(run(lower)).limit()).isEqualByComparingTo("16");
        var higher = new ListJournal(List.of(TASK.within(tokens(1_000)), STARTED));
        assertThat(reached(run(higher)).limit()).isEqualByComparingTo("60");
        var steps = new ListJournal(List.of(TASK.within(steps(2)), STARTED));
        assertThat(run(steps).reason()).isEqualTo(StopReason.MAX_STEPS);
        assertThat(end(steps).steps()).isEqualTo(2);
    }

    @Test
    void aMessagesBudgetIsForItsTurnAlone() {
        wander();
        var journal = new ListJournal(List.of(TASK.within(tokens(16)), STARTED));
        stage.run(journal);
        var events = new ArrayList<>(journal.events());
        events.addAll(List.of(TASK, STARTED));
        stage.maxSteps = 4;
        assertThat(run(new ListJournal(events)).reason()).isEqualTo(StopReason.MAX_STEPS);
    }

    @Test
    void budgetsFromOutsideEndTheTurnToo() {
        wander();
        var spent = new Spent(Cost.ZERO, 100, Duration.ZERO, 3);
        var journal = journal().within(new BudgetState(Scope.USER, tokens(100), spent));

        Event.TurnCompleted end = run(journal);

        assertThat(reached(end).scope()).isEqualTo("user");
        assertThat(end.error().orElseThrow().message())
                .isEqualTo("the budget of this user today (UTC) is spent: 100 of 100 tokens");
        assertThat(asked).hasValue(0);
        var bySteps = journal().within(new BudgetState(Scope.SESSION, steps(3), spent));
        assertThat(reached(run(bySteps)).unit()).isEqualTo("steps");
    }

    @Test
    void aCircleIsToldOnceAndThenEndsTheTurn() {
        always(call("c", "look", "here"));
        var journal = journal();

        Event.TurnCompleted end = run(journal);

        assertThat(end.reason()).isEqualTo(StopReason.STUCK);
        assertThat(end.error().orElseThrow().message()).contains("same_call");
        assertThat(asked).hasValue(8);
        assertThat(Stage.shape(journal.events()))
                .containsOnlyOnce("nudged:same_call")
                .containsSubsequence("answer:4", "ok:c4", "nudged:same_call", "model:5", "ok:c8");
    }

    @Test
    void aModelThatMindsTheNoteGoesOn() {
        stage.model =
                (request, _, _) -> {
                    stage.requests.add(request);
                    boolean told =
                            request.messages().getLast() instanceof Message.User user
                                    && user.text().contains("the same call with the same result 4");
                    int n = asked.incrementAndGet();
                    return told ? text("I see.") : calls(call("c" + n, "look", "here"));
                };
        assertThat(run(journal()).reason()).isEqualTo(StopReason.END);
        assertThat(asked).hasValue(5);
    }

    @Test
    void theSameErrorsAreACircle() {
        stage.tools.add(Stage.tool("fail", false, (_, _) -> ToolResult.error("it is locked")));
        stage.model =
                (_, _, _) -> {
                    int n = asked.incrementAndGet();
                    return calls(call("c" + n, "fail", "place " + n));
                };
        assertThat(run(journal()).reason()).isEqualTo(StopReason.STUCK);
        assertThat(asked).hasValue(6);
    }

    @Test
    void callsThatNobodyUnderstandsEndTheTurn() {
        stage.model =
                (_, _, _) -> {
                    int n = asked.incrementAndGet();
                    return calls(new ToolCall("c" + n, "look" + n, "{"));
                };
        var journal = journal();

        Event.TurnCompleted end = run(journal);

        assertThat(end.reason()).isEqualTo(StopReason.MALFORMED_CALLS);
        assertThat(end.error().orElseThrow().message()).contains("last 5 steps");
        assertThat(asked).hasValue(MalformedCalls.STEPS_MAX);
        assertThat(stage.effects).isEmpty();
    }

    @Test
    void oneGoodCallAmongMalformedOnesIsProgress() {
        stage.maxSteps = 12;
        stage.model =
                (_, _, _) -> {
                    int n = asked.incrementAndGet();
                    return n % 4 == 0
                            ? calls(call("g" + n, "look", "place " + n))
                            : calls(new ToolCall("c" + n, "look" + n, "{"));
                };
        assertThat(run(journal()).reason()).isEqualTo(StopReason.MAX_STEPS);
    }

    @Test
    void whatAGuardDecidesIsTheSameAfterACrashAtAnyAppend() {
        always(call("c", "look", "here"));
        var whole = journal();
        stage.run(whole);
        for (int at = 0; at < whole.appends(); at++) {
            for (ListJournal.Moment moment : ListJournal.Moment.values()) {
                asked.set(0);
                var journal = journal().crashAt(at, moment);
                stage.model = byAnswers();
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

    /// The same call for ever, with an id that follows from the request.
    private static ChatModel byAnswers() {
        return (request, _, _) -> {
            long said =
                    request.messages().stream().filter(Message.Assistant.class::isInstance).count();
            return calls(call("c" + (said + 1), "look", "here"));
        };
    }
}
