package dev.carrel.agent;

import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.TokenEstimate;
import dev.carrel.model.ToolCall;
import dev.carrel.model.ToolSpec;
import dev.carrel.model.Usage;
import dev.carrel.tool.ToolStatus;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The state of a session, folded from its journal entry by entry: what the model has to see, and
/// how far the last turn is. Takes any journal that a crash can leave behind. Used by one thread.
///
/// A result counts for the first open call of its id; a second result for the same call is ignored.
/// Calls that nobody will answer any more get a result that says so, so that in [#messages] every
/// call has exactly one.
public final class Conversation {
    static final String TURN_ENDED =
            "interrupted: the turn ended before this call was answered; it may have run in part;"
                    + " look before you retry";
    static final String CALLER_WENT_ON =
            "no result: the caller went on without answering this call";

    /// A tool call of the last answer that has no result yet. `index` counts the answer's calls
    /// from 0, `started` says that its `ToolStarted` is in the journal, `cutShort` that the output
    /// limit ended the answer it belongs to.
    public record OpenCall(ToolCall call, int index, boolean started, boolean cutShort) {}

    private final Transcript settled = new Transcript();
    private final ContextState context = new ContextState();
    private final Set<String> callIds = new HashSet<>();
    private final UnsavedCalls unsavedCalls = new UnsavedCalls();
    private final List<Event.UserMessage> waiting = new ArrayList<>();
    private final List<Event.UserMessage> steering = new ArrayList<>();
    private final Approvals approvals = new Approvals();
    private final TurnWatch watch = new TurnWatch();
    private Optional<Exchange> exchange = Optional.empty();
    private List<ToolSpec> callerTools = List.of();
    private boolean callerToolsOfLastTurn;
    private boolean turnRunning;
    private boolean modelCalled;
    private boolean callUncounted;
    private int steps;
    private Usage usage = Usage.NONE;

    public static Conversation of(List<Event> events) {
        var conversation = new Conversation();
        events.forEach(conversation::add);
        return conversation;
    }

    /// Takes the journal's next entry in.
    public void add(Event event) {
        unsavedCalls.add(event);
        watch.add(event);
        switch (event) {
            case Event.SessionCreated _ -> {}
            case Event.SnapshotTaken _ -> {}
            case Event.SnapshotFailed _ -> {}
            case Event.SessionForked _ -> leave();
            case Event.SessionRewound _ -> leave();
            case Event.UserMessage message -> userMessage(message);
            case Event.TurnStarted _ -> turnStarted();
            case Event.ModelStarted started -> {
                takeSteering();
                steps = started.step();
                modelCalled = true;
                callUncounted = true;
            }
            case Event.ModelFailed failed -> {
                steps = failed.step() - 1; // the next model is asked for the same step
                modelCalled = false;
                callUncounted = false;
            }
            case Event.ModelLost lost -> {
                usage = usage.plus(lost.usage());
                callUncounted = false;
            }
            case Event.TurnNudged nudged -> {
                takeSteering(); // what was sent before it, stands before it
                settled.add(new Message.User(nudged.text()));
            }
            case Event.AssistantMessage answer -> answer(answer);
            case Event.ApprovalRequested request -> {
                callIds.add(request.callId()); // its answer may be among those that were summed up
                approvals.requested(request);
            }
            case Event.ApprovalDecided decision -> approvals.decided(decision);
            case Event.ToolStarted started ->
                    exchange.ifPresent(open -> open.start(started.callId()));
            case Event.ToolCompleted completed -> completed(completed);
            case Event.Compaction compaction -> compacted(compaction);
            case Event.TurnCompleted completed -> endTurn(completed.reason());
        }
    }

    /// Whether a turn was started and is not complete.
    public boolean turnRunning() {
        return turnRunning;
    }

    /// Whether the model was asked and its answer is not in the journal.
    public boolean modelCalled() {
        return modelCalled;
    }

    /// Whether it was asked, and what that took is not in the journal.
    boolean callUncounted() {
        return callUncounted;
    }

    /// The number of the model call under way, or else of the next one.
    int step() {
        return modelCalled ? steps : steps + 1;
    }

    /// Whether there is nothing left for the model to say: the last word was its own.
    public boolean answered() {
        return exchange.isEmpty() && steering.isEmpty() && settled.isAnswered();
    }

    /// The model calls of this turn so far, the one under way included.
    public int steps() {
        return steps;
    }

    /// What the model calls of this turn took.
    public Usage usage() {
        return usage;
    }

    /// Tools that the caller of the API runs in this turn. They stay for a turn that starts with
    /// results alone.
    public List<ToolSpec> callerTools() {
        return callerTools;
    }

    /// The calls of the last answer that have no result, in the model's order. After a turn that
    /// ended with `TOOL_CALLS`, those that the caller has to answer.
    public List<OpenCall> openCalls() {
        return exchange.map(Exchange::openCalls).orElse(List.of());
    }

    /// What was asked and said about calls that need somebody's word.
    public Approvals approvals() {
        return approvals;
    }

    UnsavedCalls unsavedCalls() {
        return unsavedCalls;
    }

    /// What the guards know of the last turn.
    TurnWatch watch() {
        return watch;
    }

    /// Every tool call id of the session that the model can still see.
    Set<String> callIds() {
        return callIds;
    }

    /// What the model sees at its next call, when no call is open.
    Transcript transcript() {
        return settled;
    }

    ContextState context() {
        return context;
    }

    /// An estimate of the tokens in all that the model sees at its next call.
    long tokens() {
        return settled.tokens()
                + steering.stream().mapToLong(message -> TokenEstimate.of(message.text())).sum();
    }

    /// What the model has to see, oldest first.
    public List<Message> messages() {
        List<Message> all = new ArrayList<>(settled.messages());
        exchange.ifPresent(open -> all.addAll(open.messages(TURN_ENDED)));
        return all;
    }

    private void userMessage(Event.UserMessage message) {
        if (turnRunning && !message.steer()) {
            waiting.add(message);
            return;
        }
        watch.message(message);
        if (turnRunning) {
            steering.add(message);
            return;
        }
        if (message.text().isBlank() && message.callerTools().isEmpty()) {
            return; // it is there for its budget
        }
        settle(CALLER_WENT_ON);
        takeSteering();
        if (callerToolsOfLastTurn) {
            callerTools = List.of();
            callerToolsOfLastTurn = false;
        }
        callerTools = withoutRepeats(callerTools, message.callerTools());
        if (!message.text().isBlank()) {
            settled.add(new Message.User(message.text()));
        }
    }

    private static List<ToolSpec> withoutRepeats(List<ToolSpec> first, List<ToolSpec> second) {
        List<ToolSpec> all = new ArrayList<>(first);
        for (ToolSpec spec : second) {
            if (all.stream().noneMatch(known -> known.name().equals(spec.name()))) {
                all.add(spec);
            }
        }
        return List.copyOf(all);
    }

    private void turnStarted() {
        settle(CALLER_WENT_ON);
        turnRunning = true;
        modelCalled = false;
        callUncounted = false;
        steps = 0;
        usage = Usage.NONE;
    }

    private void answer(Event.AssistantMessage answer) {
        settle(TURN_ENDED);
        modelCalled = false;
        callUncounted = false;
        steps = answer.step();
        usage = usage.plus(answer.usage());
        context.counted(settled.tokens(), answer.usage().inputTokens());
        if (answer.message().toolCalls().isEmpty()) {
            settled.add(answer.message());
        } else {
            answer.message().toolCalls().forEach(call -> callIds.add(call.id()));
            exchange =
                    Optional.of(
                            new Exchange(answer.message(), answer.finish() == FinishReason.LENGTH));
        }
    }

    private void compacted(Event.Compaction compaction) {
        callUncounted = false; // it was refused, if there was one
        compaction.summary().ifPresent(summary -> usage = usage.plus(summary.usage()));
        settled.apply(compaction.cut());
        context.cut(compaction, settled.tokens());
    }

    private void completed(Event.ToolCompleted completed) {
        approvals.answered(completed.callId());
        exchange.ifPresent(open -> {
            open.complete(
                    completed.callId(), completed.result(), completed.status() != ToolStatus.OK);
            if (open.openCalls().isEmpty()) {
                settle(TURN_ENDED);
            }
        });
    }

    /// A turn that ran at the point that a session goes on from runs no more.
    private void leave() {
        if (turnRunning) {
            endTurn(StopReason.INTERRUPTED);
        }
    }

    private void endTurn(StopReason reason) {
        if (reason != StopReason.TOOL_CALLS) {
            settle(TURN_ENDED);
        }
        if (exchange.isEmpty()) {
            takeSteering();
        }
        approvals.turnEnded();
        turnRunning = false;
        modelCalled = false;
        callerToolsOfLastTurn = true;
        List<Event.UserMessage> next = List.copyOf(waiting);
        waiting.clear();
        next.forEach(this::userMessage);
    }

    /// The model sees them from its next call on, never between a call and its result.
    private void takeSteering() {
        steering.forEach(message -> settled.add(new Message.User(message.text())));
        steering.clear();
    }

    private void settle(String missing) {
        exchange.ifPresent(open -> settled.addAll(open.messages(missing)));
        exchange = Optional.empty();
    }
}
