package dev.carrel.agent;

import dev.carrel.agent.Event.TurnError;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// The turn that a loop runs: its journal, and the fold of it, kept in step.
final class Turn {
    private final Journal journal;
    private final Conversation state;

    Turn(Journal journal) {
        this.journal = journal;
        this.state = Conversation.of(journal.events());
    }

    Conversation state() {
        return state;
    }

    void append(Event event) {
        journal.append(event).forEach(state::add);
    }

    /// True when the turn was given back until somebody has said something about it.
    boolean rest() {
        Optional<List<Event>> fresh = journal.rest();
        fresh.ifPresent(events -> events.forEach(state::add));
        return fresh.isEmpty();
    }

    /// Whether a new call must have another id.
    boolean isTaken(String callId) {
        return state.callIds().contains(callId) || journal.isSpent(callId);
    }

    void publish(Delta delta) {
        journal.publish(delta);
    }

    /// The turn goes on instead when it was to end well and has been steered meanwhile.
    void complete(StopReason reason) {
        append(new Event.TurnCompleted(reason, state.steps(), state.usage(), Optional.empty()));
    }

    /// After a model has worked for `unanswered`.
    void fail(TurnError error, Duration unanswered) {
        append(
                new Event.TurnCompleted(
                        StopReason.ERROR,
                        state.steps(),
                        state.usage(),
                        Optional.of(error),
                        unanswered));
    }
}
