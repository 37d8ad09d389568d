package dev.carrel.agent;

import static dev.carrel.agent.Stage.call;
import static dev.carrel.agent.Stage.calls;
import static dev.carrel.agent.Stage.journal;
import static dev.carrel.agent.Stage.results;
import static dev.carrel.agent.Stage.shape;
import static dev.carrel.agent.Stage.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.Cancellation.CancelledException;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.ToolCall;
import dev.carrel.model.ToolSpec;
import dev.carrel.model.Usage;
import dev.carrel.tool.ToolResult;
import dev.carrel.tool.ToolStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(30)
class AgentLoopTest {
    private final Stage stage = new Stage();

    @Test
    void aTurnThatIsSteeredAsItEndsGoesOn() {
        stage.script(text("done"), text("and that"));
        ListJournal journal = journal().steerBefore(2, "one more thing");
        stage.run(journal);
        assertThat(shape(journal.events()))
                .containsExactly(
                        "user:do it",
                        "turn",
                        "model:1",
                        "answer:1",
                        "user:one more thing",
                        "model:2",
                        "answer:2",
                        "end:end");
        assertThat(stage.requests.getLast().messages().getLast())
                .isEqualTo(new Message.User("one more thing"));
    }

    @Test
    void runsToolsUntilTheModelIsDone() {
        stage.script(calls(call("a", "look", "x")), calls(call("b", "touch", "y")), text("done"));
        ListJournal journal = journal();
        stage.run(journal);
        assertThat(shape(journal.events()))
                .containsExactly(
                        "user:do it",
                        "turn",
                        "model:1",
                        "answer:1",
                        "started:a",
                        "ok:a",
                        "model:2",
                        "answer:2",
                        "started:b",
                        "ok:b",
                        "model:3",
                        "answer:3",
                        "end:end");
        assertThat(stage.effects).containsExactly("look x", "touch y");
        var end = (Event.TurnCompleted) journal.events().getLast();
        assertThat(end.steps()).isEqualTo(3);
        assertThat(end.usage()).isEqualTo(new Usage(30, 15, 0, 0, 0));
    }

    @Test
    void aCompleteTurnIsLeftAlone() {
        ListJournal journal = journal();
        stage.run(journal);
        List<Event> before = journal.events();
        stage.run(journal);
        assertThat(journal.events()).isEqualTo(before);
    }

    @Test
    void theModelSeesPromptToolsAndResults() {
        stage.script(calls(call("a", "look", "x")), text("done"));
        stage.run(journal());
        assertThat(stage.requests.getLast().model()).isEqualTo("one");
        assertThat(stage.requests.getLast().system()).contains("coder");
        assertThat(stage.requests.getLast().tools())
                .extracting(ToolSpec::name)
                .containsExactly("look", "touch");
        assertThat(stage.requests.getLast().messages())
                .last()
                .isEqualTo(new Message.ToolResult("a", "look", "look ok", false));
    }

    @Test
    void callsThatOnlyReadRunTogether() {
        int count = CallRunner.READS_AT_ONCE_MAX;
        var together = new CountDownLatch(count);
        stage.tools.add(
                Stage.tool(
                        "meet",
                        true,
                        (_, _) -> {
                            together.countDown();
                            return ToolResult.ok(String.valueOf(await(together)));
                        }));
        ToolCall[] calls = new ToolCall[count];
        for (int i = 0; i < count; i++) {
            calls[i] = call("c" + i, "meet", "x");
        }
        stage.script(calls(calls), text("done"));
        ListJournal journal = journal();
        stage.run(journal);
        assertThat(results(journal.events())).hasSize(count).containsValue("true");
        assertThat(results(journal.events())).doesNotContainValue("false");
    }

    @Test
    void noMoreThanTheLimitRunAtOnce() {
        var running = new AtomicInteger();
        var peak = new AtomicInteger();
        stage.tools.add(
                Stage.tool(
                        "count",
                        true,
                        (_, _) -> {
                            peak.accumulateAndGet(running.incrementAndGet(), Math::max);
                            Thread.yield();
                            running.decrementAndGet();
                            return ToolResult.ok("");
                        }));
        ToolCall[] calls = new ToolCall[100];
        for (int i = 0; i < calls.length; i++) {
            calls[i] = call("c" + i, "count", "x");
        }
        stage.script(calls(calls), text("done"));
        stage.run(journal());
        assertThat(peak.get()).isBetween(1, CallRunner.READS_AT_ONCE_MAX);
    }

    @Test
    void writersRunAloneAndInOrder() {
        stage.script(
                calls(
                        call("a", "look", "1"),
                        call("b", "look", "2"),
                        call("c", "touch", "3"),
                        call("d", "look", "4"),
                        call("e", "touch", "5")),
                text("done"));
        ListJournal journal = journal();
        stage.run(journal);
        assertThat(shape(journal.events()).subList(4, 14))
                .containsExactly(
                        "started:a",
                        "started:b",
                        "ok:a",
                        "ok:b",
                        "started:c",
                        "ok:c",
                        "started:d",
                        "ok:d",
                        "started:e",
                        "ok:e");
        assertThat(stage.effects.subList(2, 5)).containsExactly("touch 3", "look 4", "touch 5");
    }

    @Test
    void malformedCallsGoBackToTheModel() {
        stage.script(
                calls(
                        new ToolCall("a", "lok", "{}"),
                        new ToolCall("b", "look", "{\"at\":"),
                        new ToolCall("c", "look", "{}"),
                        new ToolCall("d", "look", "{\"at\":7}"),
                        new ToolCall("e", "look", "{\"at\":\"x\",\"att\":1}"),
                        new ToolCall("f", "look", "[1]")),
                text("done"));
        ListJournal journal = journal();
        stage.run(journal);
        assertThat(stage.effects).isEmpty();
        assertThat(shape(journal.events()))
                .contains("error:a", "error:b", "error:c", "error:d", "error:e", "error:f")
                .doesNotContain("started:a", "started:b")
                .endsWith("end:end");
        var results = results(journal.events());
        assertThat(results.get("a")).contains("no tool \"lok\"", "did you mean \"look\"?");
        assertThat(results.get("b")).contains("not valid JSON");
        assertThat(results.get("c")).contains("\"at\" is missing");
        assertThat(results.get("d")).contains("\"at\" must be a string, not the number 7");
        assertThat(results.get("e")).contains("no parameter \"att\"", "did you mean \"at\"?");
        assertThat(results.get("f")).contains("must be a JSON object, not an array");
    }

    @Test
    void callsCutByTheOutputLimitDoNotRun() {
        stage.script(
                Stage.answer(
                        "",
                        FinishReason.LENGTH,
                        call("a", "look", "x"),
                        new ToolCall("b", "touch", "{\"at\":\"y"),
                        new ToolCall("c", "touch", "")),
                text("done"));
        ListJournal journal = journal();
        stage.run(journal);
        assertThat(stage.effects).containsExactly("look x");
        assertThat(results(journal.events()))
                .containsEntry("b", Toolbox.CUT_SHORT)
                .containsEntry("c", Toolbox.CUT_SHORT);
    }

    @Test
    void tooManyCallsInOneAnswerAreRefused() {
        ToolCall[] calls = new ToolCall[Toolbox.CALLS_PER_ANSWER_MAX + 1];
        for (int i = 0; i < calls.length; i++) {
            calls[i] = call("c" + i, "touch", "x");
        }
        stage.script(calls(calls), text("done"));
        ListJournal journal = journal();
        stage.run(journal);
        assertThat(stage.effects).hasSize(Toolbox.CALLS_PER_ANSWER_MAX);
        assertThat(results(journal.events())).containsValue(Toolbox.TOO_MANY);
    }

    @Test
    void anAnswerCutByTheOutputLimitEndsTheTurnAndSaysSo() {
        stage.script(Stage.answer("half a sen", FinishReason.LENGTH));
        ListJournal journal = journal();
        stage.run(journal);
        assertThat(shape(journal.events())).endsWith("answer:1", "end:length");
        var end = (Event.TurnCompleted) journal.events().getLast();
        assertThat(end.reason().failed()).isTrue();
        assertThat(end.error().orElseThrow().code()).isEqualTo("length");
        assertThat(end.error().orElseThrow().message()).contains("limit of output tokens");

        journal.arrive(new Event.UserMessage("go on", List.of()));
        journal.arrive(Stage.STARTED);
        stage.script(text("half a sen"), text("tence"));
        stage.run(journal);
        assertThat(shape(journal.events())).endsWith("answer:1", "end:end");
    }

    @Test
    void anAnswerThatWasCutAndThenSteeredIsNotTheLastWord() {
        stage.script(Stage.answer("half a sen", FinishReason.LENGTH), text("all of it"));
        ListJournal journal = journal().steerBefore(1, "shorter");
        stage.run(journal);
        assertThat(shape(journal.events())).endsWith("model:2", "answer:2", "end:end");
    }

    @ParameterizedTest
    @CsvSource({"LENGTH, model_bad_answer", "CONTENT_FILTER, model_content_filtered"})
    void anAnswerThatSaysNothingIsNoSuccess(FinishReason finish, String code) {
        stage.script(Stage.answer(" ", finish));
        ListJournal journal = journal();
        stage.run(journal);
        assertThat(shape(journal.events())).endsWith("lost:1", "end:error");
        var end = (Event.TurnCompleted) journal.events().getLast();
        assertThat(end.error().orElseThrow().code()).isEqualTo(code);
        assertThat(end.usage()).as("it counts").isEqualTo(Stage.USAGE);
    }

    @Test
    void stopsAtTheMostSteps() {
        stage.maxSteps = 2;
        stage.model = (_, _, _) -> calls(call("again", "look", "x"));
        ListJournal journal = journal();
        stage.run(journal);
        assertThat(shape(journal.events())).endsWith("ok:again_2", "end:max_steps");
        assertThat(shape(journal.events())).contains("model:2").doesNotContain("model:3");
    }

    @Test
    void aModelFailureEndsTheTurn() {
        stage.model =
                (_, _, _) -> {
                    throw new CarrelException(ErrorCode.MODEL_UNAVAILABLE, "nobody home");
                };
        ListJournal journal = journal();
        stage.run(journal);
        var end = (Event.TurnCompleted) journal.events().getLast();
        assertThat(end.reason()).isEqualTo(StopReason.ERROR);
        assertThat(end.error()).contains(new Event.TurnError("model_unavailable", "nobody home"));
    }

    @Test
    void whatAModelThrowsUnexpectedlyStaysInTheLog() {
        stage.model =
                (_, _, _) -> {
                    throw new IllegalStateException("secret inside");
                };
        ListJournal journal = journal();
        stage.run(journal);
        var error = ((Event.TurnCompleted) journal.events().getLast()).error().orElseThrow();
        assertThat(error.code()).isEqualTo("internal_error");
        assertThat(error.message()).doesNotContain("secret");
    }

    @Test
    void whatAToolThrowsIsAResult() {
        stage.tools.add(
                Stage.tool(
                        "broken",
                        false,
                        (_, _) -> {
                            throw new IllegalStateException("secret inside");
                        }));
        stage.tools.add(
                Stage.tool(
                        "full",
                        false,
                        (_, _) -> {
                            throw new CarrelException(ErrorCode.DISK_FULL, "no room");
                        }));
        stage.script(calls(call("a", "broken", "x"), call("b", "full", "x")), text("done"));
        ListJournal journal = journal();
        stage.run(journal);
        assertThat(shape(journal.events())).contains("error:a", "error:b").endsWith("end:end");
        assertThat(results(journal.events()).get("a")).contains("internal error");
        assertThat(results(journal.events()).get("a")).doesNotContain("secret");
        assertThat(results(journal.events())).containsEntry("b", "no room");
    }

    @Test
    void repeatedCallIdsAreMadeUnique() {
        stage.model =
                (request, listener, _) -> {
                    if (request.messages().size() > 4) {
                        return text("done");
                    }
                    listener.toolCall(0, "call_0", "look", "{");
                    listener.toolCall(1, "call_0", "look", "{");
                    return calls(call("call_0", "look", "x"), call("call_0", "look", "y"));
                };
        ListJournal journal = journal();
        stage.run(journal);
        assertThat(results(journal.events()))
                .containsOnlyKeys("call_0", "call_0_2", "call_0_3", "call_0_4");
        assertThat(journal.deltas())
                .contains(
                        new Delta.ToolArguments("call_0", "look", "{"),
                        new Delta.ToolArguments("call_0_2", "look", "{"),
                        new Delta.ToolArguments("call_0_3", "look", "{"));
    }

    @Test
    void publishesTheAnswerWhileItArrives() {
        stage.model =
                (_, listener, _) -> {
                    listener.reasoning("hm");
                    listener.text("hal");
                    listener.restarted();
                    listener.text("hello");
                    return text("hello");
                };
        ListJournal journal = journal();
        stage.run(journal);
        assertThat(journal.deltas())
                .containsExactly(
                        new Delta.Reasoning("hm"),
                        new Delta.Text("hal"),
                        new Delta.Restarted(),
                        new Delta.Text("hello"));
    }

    @Test
    void aTurnWithNothingToAnswerEnds() {
        var journal = new ListJournal(List.of(Stage.STARTED));
        stage.run(journal);
        assertThat(shape(journal.events())).containsExactly("turn", "end:end");
    }

    // The caller's tools

    private static ListJournal withCallerTool() {
        var schema = JsonNodeFactory.instance.objectNode().put("type", "object");
        return new ListJournal(
                List.of(
                        new Event.UserMessage("hi", List.of(new ToolSpec("weather", "", schema))),
                        Stage.STARTED));
    }

    @Test
    void serverToolsRunBeforeTheTurnIsHandedToTheCaller() {
        stage.script(
                calls(new ToolCall("w", "weather", "{\"any\":1}"), call("a", "touch", "x")),
                text("sunny"));
        ListJournal journal = withCallerTool();
        stage.run(journal);
        assertThat(shape(journal.events()))
                .endsWith("answer:1", "started:a", "ok:a", "end:tool_calls");
        assertThat(stage.requests.getFirst().tools())
                .extracting(ToolSpec::name)
                .containsExactly("look", "touch", "weather");
        List<Event> next = new ArrayList<>(journal.events());
        next.add(new Event.ToolCompleted("w", "weather", ToolStatus.OK, "20°", Duration.ZERO));
        next.add(Stage.STARTED);
        var second = new ListJournal(next);
        stage.run(second);
        assertThat(shape(second.events())).endsWith("model:1", "answer:1", "end:end");
        assertThat(stage.requests.getLast().messages())
                .contains(new Message.ToolResult("w", "weather", "20°", false));
    }

    @Test
    void aCallOfTheCallersToolThatWasCutNeverReachesTheCaller() {
        stage.script(
                Stage.answer("", FinishReason.LENGTH, new ToolCall("w", "weather", "{\"a")),
                text("done"));
        ListJournal journal = withCallerTool();
        stage.run(journal);
        assertThat(shape(journal.events())).contains("error:w").endsWith("end:end");
    }

    // Stopping

    @Test
    void anInterruptDuringTheModelCallEndsTheTurn() {
        stage.model =
                (_, _, cancellation) -> {
                    cancellation.cancel();
                    throw new CancelledException();
                };
        ListJournal journal = journal();
        stage.run(journal);
        assertThat(shape(journal.events())).endsWith("model:1", "end:interrupted");
    }

    @Test
    void anInterruptDuringAToolClosesAllOpenCalls() {
        stage.tools.add(
                Stage.tool(
                        "wait",
                        false,
                        (_, context) -> {
                            stage.cancellation.cancel();
                            context.cancellation().throwIfCancelled();
                            return ToolResult.ok("");
                        }));
        stage.script(calls(call("a", "wait", "x"), call("b", "touch", "y")), text("done"));
        ListJournal journal = journal();
        stage.run(journal);
        assertThat(shape(journal.events()))
                .endsWith("started:a", "interrupted:a", "interrupted:b", "end:interrupted");
        assertThat(results(journal.events()).get("b")).contains("not run");
        assertThat(stage.effects).isEmpty();
    }

    @Test
    void anInterruptedTurnIsFollowedByAGoodOne() {
        stage.cancellation.cancel();
        stage.script(calls(call("a", "touch", "x")), text("done"));
        ListJournal journal = journal();
        stage.run(journal);
        List<Event> events = new ArrayList<>(journal.events());
        events.addAll(List.of(Stage.TASK, Stage.STARTED));
        var again = new Stage();
        var second = new ListJournal(events);
        again.run(second);
        assertThat(shape(second.events())).endsWith("end:end");
    }

    @Test
    void anInterruptAfterACrashKillsTheCommandThatStillRuns() {
        var killed = new ArrayList<String>();
        stage.tools.add(
                Stage.resumable(
                        "sh",
                        (_, context) -> {
                            context.cancellation().onCancel(() -> killed.add("sh"));
                            return new ToolResult(ToolStatus.INTERRUPTED, "killed");
                        }));
        stage.cancellation.cancel();
        ListJournal journal =
                journal(
                        new Event.ModelStarted(1, "fake/one"),
                        Stage.answered(call("a", "sh", "x"), call("b", "sh", "y")),
                        new Event.ToolStarted("a", "sh", "{\"at\":\"x\"}"));
        stage.run(journal);
        assertThat(killed).containsExactly("sh");
        assertThat(shape(journal.events()))
                .endsWith("started:a", "interrupted:a", "interrupted:b", "end:interrupted");
    }

    @Test
    void anInterruptOfTheThreadLeavesTheTurnOpen() throws Exception {
        var inside = new CountDownLatch(1);
        stage.tools.add(
                Stage.tool(
                        "block",
                        true,
                        (_, _) -> {
                            inside.countDown();
                            if (!await(new CountDownLatch(1))) {
                                throw new CancelledException();
                            }
                            return ToolResult.ok("");
                        }));
        stage.script(calls(call("a", "block", "1"), call("b", "block", "2")), text("done"));
        ListJournal journal = journal();
        var seen = new ArrayList<Throwable>();
        Thread thread =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                stage.run(journal);
                            } catch (RuntimeException e) {
                                seen.add(e);
                            }
                        });
        assertThat(await(inside)).isTrue();
        thread.interrupt();
        assertThat(thread.join(Duration.ofSeconds(10))).isTrue();
        assertThat(seen).singleElement().isInstanceOf(CancelledException.class);
        assertThat(shape(journal.events())).endsWith("started:a", "started:b");
    }

    @Test
    void aLostLeaseStopsTheLoop() {
        stage.script(calls(call("a", "touch", "x")), text("done"));
        ListJournal journal = journal().crashAt(2, ListJournal.Moment.BEFORE);
        assertThatThrownBy(() -> stage.run(journal)).isInstanceOf(ListJournal.Crash.class);
        assertThat(stage.effects).isEmpty();
    }

    private static boolean await(CountDownLatch latch) {
        try {
            return latch.await(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
