package dev.carrel.agent;

import dev.carrel.model.Cost;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Usage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What the guards of a turn have to know of it, folded from the journal. Used by one thread.
final class TurnWatch {
    private final LoopWatch loops = new LoopWatch();
    private final MalformedCalls malformed = new MalformedCalls();
    private final List<Event.ModelFailed> passedOver = new ArrayList<>();
    private Budget asked = Budget.NONE;
    private Duration work = Duration.ZERO;
    private boolean nudged;
    private boolean cutShort;

    /// A message that starts the turn or steers it: it may lower the turn's budget.
    void message(Event.UserMessage message) {
        asked = asked.lower(message.budget());
    }

    /// Every other entry.
    void add(Event event) {
        switch (event) {
            case Event.TurnStarted _ -> start();
            case Event.AssistantMessage answer -> {
                work = work.plus(answer.duration());
                loops.answer(answer.message());
                malformed.answer();
                cutShort = answer.finish() == FinishReason.LENGTH;
                passedOver.clear();
            }
            case Event.ToolStarted call -> malformed.started(call.callId());
            case Event.ToolCompleted done -> {
                work = work.plus(done.duration());
                loops.completed(done);
                malformed.completed(done);
            }
            case Event.ModelLost lost -> work = work.plus(lost.duration());
            case Event.ModelFailed failed -> {
                work = work.plus(failed.duration());
                passedOver.add(failed);
            }
            case Event.Compaction compaction ->
                    compaction.summary().ifPresent(summary -> work = work.plus(summary.duration()));
            case Event.TurnNudged _ -> {
                nudged = true;
                loops.restart();
            }
            case Event.TurnCompleted _, Event.SessionForked _, Event.SessionRewound _ ->
                    asked = Budget.NONE;
            case Event.SessionCreated _,
                    Event.UserMessage _,
                    Event.ModelStarted _,
                    Event.SnapshotTaken _,
                    Event.SnapshotFailed _,
                    Event.ApprovalRequested _,
                    Event.ApprovalDecided _ -> {}
        }
    }

    private void start() {
        loops.restart();
        malformed.restart();
        passedOver.clear();
        work = Duration.ZERO;
        nudged = false;
        cutShort = false;
    }

    /// What those who sent messages to this turn want it to spend at most.
    Budget asked() {
        return asked;
    }

    Spent spent(Usage usage, int steps) {
        return new Spent(usage.cost().orElse(Cost.ZERO), usage.totalTokens(), work, steps);
    }

    Optional<LoopPattern> pattern() {
        return loops.pattern();
    }

    boolean nudged() {
        return nudged;
    }

    /// Whether the limit of output tokens cut the model's last answer.
    boolean cutShort() {
        return cutShort;
    }

    int malformedSteps() {
        return malformed.steps();
    }

    /// The models that this step did without.
    List<Event.ModelFailed> passedOver() {
        return List.copyOf(passedOver);
    }
}
