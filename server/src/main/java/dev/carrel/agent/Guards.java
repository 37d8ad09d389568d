package dev.carrel.agent;

import dev.carrel.agent.Event.BudgetReached;
import dev.carrel.agent.Event.TurnError;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// Keeps a turn within its means: steps, budgets, circles, and calls that make no sense. What it
/// decides follows from the journal, and from what is spent beside the turn.
final class Guards {
    private final AgentDefinition agent;
    private final Journal journal;

    Guards(AgentDefinition agent, Journal journal) {
        this.agent = agent;
        this.journal = journal;
    }

    /// What happens in the place of the next model call: the turn's end, or a word to the model.
    Optional<Event> instead(Conversation state) {
        if (state.step() > stepsMax(state)) {
            return Optional.of(end(state, StopReason.MAX_STEPS, Optional.empty()));
        }
        Optional<BudgetReached> reached =
                budgets(state).stream().flatMap(budget -> budget.reached().stream()).findFirst();
        if (reached.isPresent()) {
            return Optional.of(end(state, StopReason.BUDGET, error(reached.get())));
        }
        int malformed = state.watch().malformedSteps();
        if (malformed >= MalformedCalls.STEPS_MAX) {
            var why =
                    new TurnError(
                            StopReason.MALFORMED_CALLS.wireName(),
                            "no call of the last %d steps could be understood"
                                    .formatted(malformed));
            return Optional.of(end(state, StopReason.MALFORMED_CALLS, Optional.of(why)));
        }
        return state.watch().pattern().map(pattern -> circle(state, pattern));
    }

    /// The end of a turn in which there is nothing left to say. The turn goes on instead when that
    /// is a good end and it has been steered meanwhile.
    Event lastWord(Conversation state) {
        if (!state.watch().cutShort()) {
            return end(state, StopReason.END, Optional.empty());
        }
        var why =
                new TurnError(
                        StopReason.LENGTH.wireName(),
                        "the model's answer is not whole: it reached the limit of output tokens;"
                                + " tell the model to go on, or ask for less at once");
        return end(state, StopReason.LENGTH, Optional.of(why));
    }

    private static Event circle(Conversation state, LoopPattern pattern) {
        if (!state.watch().nudged()) {
            return new Event.TurnNudged(pattern, pattern.nudge());
        }
        var why =
                new TurnError(
                        StopReason.STUCK.wireName(),
                        "the model went in circles (%s) and did so again after it was told"
                                .formatted(pattern.wireName()));
        return end(state, StopReason.STUCK, Optional.of(why));
    }

    /// Whether no call may take any more time.
    boolean isTimeOver(Conversation state) {
        return timeLeft(state).filter(left -> !left.isPositive()).isPresent();
    }

    /// How long the next call of a model or a tool may take; empty without a limit.
    Optional<Duration> timeLeft(Conversation state) {
        return budgets(state).stream()
                .flatMap(budget -> budget.timeLeft().stream())
                .min(Comparator.naturalOrder());
    }

    /// The end of a turn whose model call took all of [#timeLeft], as far as its caller could
    /// measure it `took`.
    Optional<Event> timeIsUp(Conversation state, Duration took) {
        return budgets(state).stream()
                .filter(budget -> budget.timeLeft().isPresent())
                .min(Comparator.comparing(budget -> budget.timeLeft().orElseThrow()))
                .map(budget -> {
                    Duration left = budget.timeLeft().orElseThrow();
                    Duration all = took.compareTo(left) > 0 ? took : left;
                    return end(state, StopReason.BUDGET, error(budget.timeIsUp()), all);
                });
    }

    /// Whether a model without a known price could spend more than it may.
    boolean countsMoney(Conversation state) {
        return budgets(state).stream().anyMatch(budget -> budget.limit().usd().isPresent());
    }

    private int stepsMax(Conversation state) {
        OptionalInt asked = state.watch().asked().steps();
        return Math.min(agent.maxSteps(), asked.orElse(agent.maxSteps()));
    }

    /// The turn's own first.
    private List<BudgetState> budgets(Conversation state) {
        Budget asked = state.watch().asked().lower(agent.budget());
        var own = new Budget(asked.usd(), asked.tokens(), asked.minutes(), OptionalInt.empty());
        List<BudgetState> all = new ArrayList<>();
        Spent spent = state.watch().spent(state.usage(), state.steps());
        all.add(new BudgetState(BudgetState.Scope.TURN, own, spent));
        all.addAll(journal.budgets());
        return all;
    }

    private static Optional<TurnError> error(BudgetReached reached) {
        return Optional.of(TurnError.of(reached));
    }

    private static Event end(Conversation state, StopReason reason, Optional<TurnError> why) {
        return end(state, reason, why, Duration.ZERO);
    }

    private static Event end(
            Conversation state, StopReason reason, Optional<TurnError> why, Duration unanswered) {
        return new Event.TurnCompleted(reason, state.steps(), state.usage(), why, unanswered);
    }
}
