package dev.carrel.agent;

import static dev.carrel.agent.Stage.call;
import static dev.carrel.agent.Stage.calls;
import static dev.carrel.agent.Stage.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.carrel.agent.ListJournal.Crash;
import dev.carrel.agent.ListJournal.Moment;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.Cancellation.CancelledException;
import dev.carrel.model.ChatAnswer;
import dev.carrel.model.ChatModel;
import dev.carrel.model.ChatRequest;
import dev.carrel.model.ContextWindow;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.RequestRefusedException;
import dev.carrel.model.TokenEstimate;
import dev.carrel.model.ToolCall;
import dev.carrel.model.Usage;
import dev.carrel.tool.ToolResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// A model with a small window in turns that do not fit into it.
class CompactionTest {
    private static final int STEPS = 30;
    private static final String LONG_RESULT = "a line of output\n".repeat(300);
    private static final String LONG_THOUGHT = "I think of what to do next. ".repeat(120);
    private static final String SUMMARY = "# Task\nDo it.\n# State\nHalf of it is done.";

    private final Stage stage = new Stage();

    /// What the model's steps say beside their call.
    private String thought = "";

    private Function<ChatRequest, ChatAnswer> summary = _ -> text(SUMMARY);
    private int steps = STEPS;

    CompactionTest() {
        stage.window = new ContextWindow(24_000, 4_000);
        stage.tools.add(Stage.resumable("big", (_, _) -> ToolResult.ok(LONG_RESULT)));
        stage.model =
                (request, _, _) -> {
                    stage.requests.add(request);
                    return answer(request);
                };
    }

    private ChatAnswer answer(ChatRequest request) {
        if (asksForSummary(request)) {
            return summary.apply(request);
        }
        int done = done(request);
        return done < steps
                ? withUsage(
                        Stage.answer(
                                thought,
                                FinishReason.TOOL_CALLS,
                                call("c" + (done + 1), "big", "x" + done)),
                        tokens(request))
                : withUsage(text("done"), tokens(request));
    }

    private static ChatAnswer withUsage(ChatAnswer answer, long input) {
        return new ChatAnswer(
                answer.message(), answer.finish(), new Usage(input, 5, 0, 0, 0), "one");
    }

    /// How many steps there were, by the calls that can still be seen.
    private static int done(ChatRequest request) {
        return request.messages().stream()
                .filter(Message.ToolResult.class::isInstance)
                .mapToInt(message ->
                        Integer.parseInt(((Message.ToolResult) message).callId().substring(1)))
                .max()
                .orElse(0);
    }

    private static boolean asksForSummary(ChatRequest request) {
        return request.messages().getLast() instanceof Message.User user
                && user.text().contains("will be replaced by a summary");
    }

    /// As the provider of these tests counts.
    private static long tokens(ChatRequest request) {
        return TokenEstimate.of(request.system(), request.tools())
                + request.messages().stream().mapToLong(TokenEstimate::of).sum();
    }

    private static List<Event.Compaction> compactions(ListJournal journal) {
        return journal.events().stream()
                .filter(Event.Compaction.class::isInstance)
                .map(Event.Compaction.class::cast)
                .toList();
    }

    private static Event.TurnCompleted end(ListJournal journal) {
        return (Event.TurnCompleted) journal.events().getLast();
    }

    private ListJournal run() {
        ListJournal journal = Stage.journal();
        stage.run(journal);
        return journal;
    }

    private List<ChatRequest> requests() {
        return stage.requests.stream().filter(request -> !asksForSummary(request)).toList();
    }

    @Test
    void oldResultsAreCutFirst() {
        ListJournal journal = run();
        assertThat(end(journal).reason()).isEqualTo(StopReason.END);
        assertThat(requests())
                .hasSize(STEPS + 1)
                .allSatisfy(request ->
                        assertThat(tokens(request)).isLessThan(stage.window.requestTokens()));
        assertThat(compactions(journal)).isNotEmpty();
        assertThat(compactions(journal).getFirst().cut()).isInstanceOf(Cut.Results.class);
        assertThat(compactions(journal))
                .allSatisfy(cut -> assertThat(cut.tokensAfter()).isLessThan(cut.tokensBefore()));
        assertThat(Stage.results(journal.events()).values()).containsOnly(LONG_RESULT);
    }

    @Test
    void whatIsNoResultIsSummedUp() {
        thought = LONG_THOUGHT;
        ListJournal journal = run();
        assertThat(end(journal).reason()).isEqualTo(StopReason.END);
        assertThat(requests())
                .hasSize(STEPS + 1)
                .allSatisfy(request ->
                        assertThat(tokens(request)).isLessThan(stage.window.requestTokens()));
        assertThat(compactions(journal))
                .extracting(Event.Compaction::cut)
                .hasAtLeastOneElementOfType(Cut.Summary.class);
        List<Message> last = requests().getLast().messages();
        assertThat(last.getFirst()).isEqualTo(new Message.User(Transcript.SUMMARY_HEAD + SUMMARY));
        assertThat(last.get(1)).isEqualTo(new Message.User("do it"));
        assertThat(last.getLast())
                .isEqualTo(new Message.ToolResult("c" + STEPS, "big", LONG_RESULT, false));
    }

    @Test
    void itIsDoneInBatchesAndOnlyThenTheBeginningOfARequestChanges() {
        thought = LONG_THOUGHT;
        ListJournal journal = run();
        List<ChatRequest> requests = requests();
        int changes = 0;
        for (int i = 1; i < requests.size(); i++) {
            ChatRequest before = requests.get(i - 1);
            ChatRequest after = requests.get(i);
            assertThat(after.system()).isEqualTo(before.system());
            assertThat(after.tools()).isEqualTo(before.tools());
            int length = before.messages().size();
            boolean same =
                    after.messages().size() > length
                            && after.messages().subList(0, length).equals(before.messages());
            changes += same ? 0 : 1;
        }
        assertThat(changes).isPositive().isLessThanOrEqualTo(compactions(journal).size());
        assertThat(compactions(journal)).hasSizeLessThan(STEPS / 3);
    }

    @Test
    void theRequestForASummaryBeginsLikeTheOneBefore() {
        thought = LONG_THOUGHT;
        run();
        int first =
                stage.requests.indexOf(
                        stage.requests.stream()
                                .filter(CompactionTest::asksForSummary)
                                .findFirst()
                                .orElseThrow());
        ChatRequest request = stage.requests.get(first);
        ChatRequest before = stage.requests.get(first - 1);
        assertThat(request.system()).isEqualTo(before.system());
        assertThat(request.tools()).isEqualTo(before.tools());
        int length = request.messages().size() - 1;
        assertThat(before.messages().subList(0, length))
                .isEqualTo(request.messages().subList(0, length));
    }

    @Test
    void aSummaryCountsAmongWhatTheTurnTook() {
        thought = LONG_THOUGHT;
        summary = _ -> withUsage(text(SUMMARY), 1_000_000);
        ListJournal journal = run();
        long summaries =
                compactions(journal).stream()
                        .filter(event -> event.cut() instanceof Cut.Summary)
                        .count();
        assertThat(summaries).isPositive();
        assertThat(end(journal).usage().inputTokens())
                .isBetween(summaries * 1_000_000, (summaries + 1) * 1_000_000);
    }

    @Test
    void whatTheProviderCountsCorrectsTheEstimate() {
        long before = compactions(run()).size();
        stage.requests.clear();
        stage.model =
                (request, _, _) -> {
                    stage.requests.add(request);
                    ChatAnswer answer = answer(request);
                    return withUsage(answer, 2 * tokens(request));
                };
        ListJournal journal = run();
        assertThat(end(journal).reason()).isEqualTo(StopReason.END);
        assertThat((long) compactions(journal).size()).isGreaterThan(before);
        assertThat(requests().subList(2, STEPS))
                .allSatisfy(request ->
                        assertThat(2 * tokens(request)).isLessThan(stage.window.requestTokens()));
    }

    @Test
    void resultsThatAreTooLongTogetherAreCut() {
        stage.model =
                (request, _, _) -> {
                    stage.requests.add(request);
                    return done(request) > 0
                            ? text("done")
                            : withUsage(
                                    calls(
                                            IntStream.rangeClosed(1, 25)
                                                    .mapToObj(n -> call("c" + n, "big", "x"))
                                                    .toArray(ToolCall[]::new)),
                                    tokens(request));
                };
        ListJournal journal = run();
        assertThat(end(journal).reason()).isEqualTo(StopReason.END);
        assertThat(compactions(journal)).hasSize(1);
        assertThat(((Cut.Results) compactions(journal).getFirst().cut()).keptAnswers()).isZero();
        assertThat(tokens(requests().getLast())).isLessThan(stage.window.requestTokens());
    }

    @Test
    void aMessageThatDoesNotFitEndsTheTurnAtOnce() {
        var journal =
                new ListJournal(
                        List.of(
                                new Event.UserMessage("too much ".repeat(40_000), List.of()),
                                Stage.STARTED));
        stage.run(journal);
        assertThat(stage.requests).isEmpty();
        assertError(journal, ErrorCode.MODEL_CONTEXT_OVERFLOW, "nothing is left to cut");

        journal.arrive(new Event.UserMessage("less, then", List.of()));
        journal.arrive(Stage.STARTED);
        stage.run(journal);
        assertThat(end(journal).reason()).isEqualTo(StopReason.END);
        assertThat(compactions(journal).getFirst().cut()).isInstanceOf(Cut.Texts.class);
        assertThat(tokens(requests().getFirst())).isLessThan(stage.window.requestTokens());
        assertThat(requests().getFirst().messages()).contains(new Message.User("less, then"));
    }

    private void firstSays(ChatAnswer first) {
        stage.model =
                (request, _, _) -> {
                    stage.requests.add(request);
                    boolean begins = request.messages().size() == 1;
                    return withUsage(begins ? first : text("done"), tokens(request));
                };
    }

    @Test
    void anAnswerThatDoesNotFitDoesNotEndTheSession() {
        String novel = "And then she said: no. ".repeat(10_000);
        firstSays(text(novel));
        ListJournal journal = run();
        assertThat(end(journal).reason()).isEqualTo(StopReason.END);

        journal.arrive(new Event.UserMessage("shorter", List.of()));
        journal.arrive(Stage.STARTED);
        stage.run(journal);
        assertThat(end(journal).reason()).isEqualTo(StopReason.END);
        ChatRequest request = requests().getLast();
        assertThat(tokens(request)).isLessThan(stage.window.requestTokens());
        assertThat(request.messages()).hasSize(3).contains(new Message.User("shorter"));
        assertThat(((Message.Assistant) request.messages().get(1)).text())
                .startsWith("And then")
                .contains("characters cut in the middle")
                .hasSizeGreaterThan(10_000);
        assertThat(journal.events())
                .filteredOn(Event.AssistantMessage.class::isInstance)
                .first()
                .extracting(event -> ((Event.AssistantMessage) event).message().text())
                .isEqualTo(novel);
    }

    @Test
    void argumentsAndReasoningThatDoNotFitDoNotEndTheSessionEither() {
        String novel = "And then she said: no. ".repeat(10_000);
        ToolCall write = call("c1", "big", novel);
        var said = new Message.Assistant("", novel, Optional.of(novel), List.of(write));
        firstSays(new ChatAnswer(said, FinishReason.TOOL_CALLS, Stage.USAGE, "one"));
        ListJournal journal = run();
        assertThat(end(journal).reason()).isEqualTo(StopReason.END);
        ChatRequest request = requests().getLast();
        assertThat(tokens(request)).isLessThan(stage.window.requestTokens());
        var seen = (Message.Assistant) request.messages().get(1);
        assertThat(seen.toolCalls().getFirst().id()).isEqualTo("c1");
        assertThat(seen.toolCalls().getFirst().arguments()).contains("cut in the middle");
        assertThat(seen.reasoning()).contains("cut in the middle");
        assertThat(seen.reasoningSignature()).isEmpty();
        assertThat(request.messages().getLast()).isInstanceOf(Message.ToolResult.class);
    }

    @Test
    void textsThatWereCutBeforeAnswersCouldBeFoldAsTheyDid() {
        String novel = "And then she said: no. ".repeat(100);
        var answer =
                new Event.AssistantMessage(
                        1,
                        Stage.assistant(novel),
                        FinishReason.STOP,
                        Stage.USAGE,
                        "one",
                        Duration.ZERO);
        var cut =
                new Event.Compaction(
                        "fake/one", new Cut.Texts(0, 400, false), 9, 5, OptionalLong.empty());
        Conversation state =
                Conversation.of(
                        List.of(
                                new Event.UserMessage(novel, List.of()),
                                Stage.STARTED,
                                answer,
                                Stage.TASK,
                                cut));
        assertThat(state.messages()).contains(Stage.assistant(novel));
    }

    private static void assertError(ListJournal journal, ErrorCode code, String text) {
        assertThat(end(journal).reason()).isEqualTo(StopReason.ERROR);
        assertThat(end(journal).error().orElseThrow().code()).isEqualTo(code.wireName());
        assertThat(end(journal).error().orElseThrow().message()).contains(text);
    }

    @Test
    void aRefusalTeachesTheRealWindow() {
        stage.window = ContextWindow.DEFAULT;
        stage.model =
                (request, _, _) -> {
                    if (tokens(request) > 16_000) {
                        throw new CarrelException(
                                ErrorCode.MODEL_CONTEXT_OVERFLOW,
                                "prompt is too long: %d tokens > 16000 maximum"
                                        .formatted(tokens(request)));
                    }
                    stage.requests.add(request);
                    return answer(request);
                };
        thought = LONG_THOUGHT;
        ListJournal journal = run();
        assertThat(end(journal).reason()).isEqualTo(StopReason.END);
        assertThat(requests()).hasSize(STEPS + 1);
        assertThat(compactions(journal).getFirst().limitTokens())
                .isEqualTo(OptionalLong.of(12_000));
        assertThat(compactions(journal).stream().filter(event -> event.limitTokens().isPresent()))
                .hasSizeLessThan(3);
    }

    @Test
    void aRefusalWithoutANumberIsHandledToo() {
        stage.window = ContextWindow.DEFAULT;
        stage.model =
                (request, _, _) -> {
                    stage.requests.add(request);
                    if (tokens(request) > 15_000) {
                        throw new CarrelException(ErrorCode.MODEL_CONTEXT_OVERFLOW, "too long");
                    }
                    return answer(request);
                };
        ListJournal journal = run();
        assertThat(end(journal).reason()).isEqualTo(StopReason.END);
        assertThat(stage.requests).hasSizeLessThan(STEPS + 10);
    }

    @Test
    void aProviderThatAlwaysRefusesEndsTheTurn() {
        stage.model =
                (request, _, _) -> {
                    stage.requests.add(request);
                    if (stage.requests.size() > 4) {
                        throw new CarrelException(ErrorCode.MODEL_CONTEXT_OVERFLOW, "too long");
                    }
                    return answer(request);
                };
        ListJournal journal = run();
        assertThat(end(journal).error().orElseThrow().code())
                .isEqualTo(ErrorCode.MODEL_CONTEXT_OVERFLOW.wireName());
        assertThat(stage.requests).hasSizeLessThan(4 + 3 * Compactor.OVERFLOWS_MAX);
    }

    @Test
    void aSummaryThatCannotBeReadIsAskedForOnceMoreAsText() {
        thought = LONG_THOUGHT;
        List<ChatRequest> asked = new ArrayList<>();
        summary =
                request -> {
                    asked.add(request);
                    return request.tools().isEmpty()
                            ? text(SUMMARY)
                            : calls(call("c99", "big", "x"));
                };
        ListJournal journal = run();
        assertThat(end(journal).reason()).isEqualTo(StopReason.END);
        assertThat(asked.get(1).messages()).hasSize(1);
        assertThat(((Message.User) asked.get(1).messages().getFirst()).text())
                .contains("USER: do it", "CALL big", "RESULT of big", "# Next steps");
    }

    @Test
    void withoutASummaryTheOldestStepsAreLeftOut() {
        thought = LONG_THOUGHT;
        summary = _ -> withUsage(Stage.answer("", FinishReason.CONTENT_FILTER), 1_000);
        ListJournal journal = run();
        assertThat(end(journal).reason()).isEqualTo(StopReason.END);
        List<Cut.Summary> cuts =
                compactions(journal).stream().flatMap(cut -> cut.summary().stream()).toList();
        assertThat(cuts).isNotEmpty().allMatch(cut -> cut.text().isEmpty());
        assertThat(requests().getLast().messages())
                .first()
                .isEqualTo(new Message.User(Transcript.LEFT_OUT));
        assertThat(requests().getLast().messages()).contains(new Message.User("do it"));
        assertThat(journal.events())
                .filteredOn(Event.ModelLost.class::isInstance)
                .hasSizeGreaterThanOrEqualTo(cuts.size())
                .allMatch(event -> ((Event.ModelLost) event).usage().inputTokens() == 2_000);
    }

    @Test
    void timeForASummaryThatWasNotGivenCounts() {
        steps = 20;
        thought = LONG_THOUGHT.substring(0, LONG_THOUGHT.length() / 2);
        Duration each = Duration.ofMillis(3);
        summary =
                _ -> {
                    LockSupport.parkNanos(each.toNanos());
                    return withUsage(Stage.answer("", FinishReason.CONTENT_FILTER), 1_000);
                };
        ListJournal journal = run();
        assertThat(end(journal).reason()).isEqualTo(StopReason.END);
        assertThat(compactions(journal)).noneMatch(event -> event.cut() instanceof Cut.Summary);
        assertThat(journal.events())
                .filteredOn(Event.ModelLost.class::isInstance)
                .isNotEmpty()
                .allSatisfy(event ->
                        assertThat(((Event.ModelLost) event).duration())
                                .isGreaterThanOrEqualTo(each.multipliedBy(2)));
    }

    @Test
    void aFilterThatRefusesTheRequestItselfIsNoEndEither() {
        thought = LONG_THOUGHT;
        summary =
                _ -> {
                    throw new CarrelException(ErrorCode.MODEL_CONTENT_FILTERED, "not this");
                };
        assertThat(end(run()).reason()).isEqualTo(StopReason.END);
    }

    @Test
    void aProviderThatRefusesJustTheRequestForASummaryIsNoEndEither() {
        thought = LONG_THOUGHT;
        summary =
                _ -> {
                    throw new RequestRefusedException("unknown parameter", null);
                };
        ListJournal journal = run();
        assertThat(end(journal).reason()).isEqualTo(StopReason.END);
        assertThat(compactions(journal).stream().flatMap(cut -> cut.summary().stream()))
                .isNotEmpty()
                .allMatch(cut -> cut.text().isEmpty());
    }

    @Test
    void anotherModelIsAskedForTheSummaryBeforeAnythingIsLeftOut() {
        thought = LONG_THOUGHT;
        ChatModel willing = stage.model;
        stage.model =
                (request, listener, cancellation) ->
                        asksForSummary(request)
                                ? Stage.answer("", FinishReason.CONTENT_FILTER)
                                : willing.chat(request, listener, cancellation);
        stage.fallbacks.put("other", willing);
        ListJournal journal = run();
        assertThat(end(journal).reason()).isEqualTo(StopReason.END);
        assertThat(compactions(journal).stream().flatMap(cut -> cut.summary().stream()))
                .isNotEmpty()
                .allMatch(cut -> cut.text().equals(SUMMARY));
    }

    @Test
    void withoutCreditNothingIsLeftOut() {
        thought = LONG_THOUGHT;
        summary =
                _ -> {
                    throw new CarrelException(ErrorCode.MODEL_REFUSED_REQUEST, "no credit");
                };
        ListJournal journal = run();
        assertError(journal, ErrorCode.MODEL_REFUSED_REQUEST, "a summary of it failed: no credit");
        assertThat(compactions(journal)).noneMatch(event -> event.cut() instanceof Cut.Summary);
    }

    @Test
    void aSummaryThatFailsEndsTheTurnWithItsError() {
        thought = LONG_THOUGHT;
        summary =
                _ -> {
                    throw new CarrelException(ErrorCode.MODEL_UNAVAILABLE, "out of order");
                };
        assertError(run(), ErrorCode.MODEL_UNAVAILABLE, "a summary of it failed: out of order");
    }

    @Test
    void aSummaryCanBeCancelled() {
        thought = LONG_THOUGHT;
        summary =
                _ -> {
                    stage.cancellation.cancel();
                    throw new CancelledException();
                };
        ListJournal journal = run();
        assertThat(end(journal).reason()).isEqualTo(StopReason.INTERRUPTED);
        assertThat(compactions(journal)).noneMatch(event -> event.cut() instanceof Cut.Summary);
    }

    static Stream<Arguments> everyThirdAppend() {
        return Stream.iterate(0, n -> n < 4 * STEPS, n -> n + 3)
                .flatMap(n -> Stream.of(Moment.values()).map(moment -> Arguments.of(n, moment)));
    }

    @ParameterizedTest
    @MethodSource("everyThirdAppend")
    void aCrashAtAnyAppendChangesNothing(int append, Moment moment) {
        thought = LONG_THOUGHT;
        List<String> undisturbed = Stage.shape(run().events());
        assertThat(undisturbed).contains("summary");
        ListJournal journal = Stage.journal().crashAt(append, moment);
        assertThat(catchThrowable(() -> stage.run(journal))).isInstanceOf(Crash.class);
        stage.run(journal);
        assertThat(Stage.shapeWithoutLosses(journal.events())).isEqualTo(undisturbed);
    }
}
