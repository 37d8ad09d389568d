package dev.carrel.agent;

import dev.carrel.agent.Event.TurnError;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The turn that a loop runs: its journal, and the fold of it, kept in step.
final class Turn {
    private final Journal journal;
    private final List<Event> noted = new ArrayList<>();
    private Conversation state;

    Turn(Journal journal) {
        this.journal = journal;
        this.state = Conversation.of(journal.events());
    }

    /// What the turn is now. To be asked again after each append, which may make another of it.
    Conversation state() {
        return state;
    }

    /// Appends what was noted and this, in one step.
    void append(Event event) {
        write(List.of(event));
    }

    /// Appends later, in one step with what comes next. Until then a crash loses it, so nothing may
    /// be done meanwhile that takes time or is seen outside.
    void note(Event event) {
        noted.add(event);
        state.add(event);
    }

    /// Appends what was noted. False when that was nothing.
    boolean flush() {
        boolean any = !noted.isEmpty();
        if (any) {
            write(List.of());
        }
        return any;
    }

    private void write(List<Event> more) {
        List<Event> all = new ArrayList<>(noted);
        all.addAll(more);
        List<Event> fresh = journal.append(all);
        if (noted.isEmpty()) {
            fresh.forEach(state::add);
        } else if (fresh.equals(all)) {
            more.forEach(state::add);
        } else {
            state = Conversation.of(journal.events()); // what came stands before what was noted
        }
        noted.clear();
    }

    /// True when the turn was given back until somebody has said something about it. It is not
    /// where something is written first: what came meanwhile has to be looked at.
    boolean rest() {
        if (flush()) {
            return false;
        }
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
