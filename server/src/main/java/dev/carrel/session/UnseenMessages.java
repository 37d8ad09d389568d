package dev.carrel.session;

import dev.carrel.agent.Budget;
import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.agent.TurnId;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// Messages that were sent to steer a turn and that its model has not seen when it ends. They stay
/// in the conversation, so that the model of the next turn sees them.
record UnseenMessages(List<Event.UserMessage> messages) {
    /// Inside the transaction that ends the turn. What ends well has seen all.
    static UnseenMessages of(Handle handle, SessionKey session, TurnId turn, StopReason end) {
        if (end == StopReason.END) {
            return new UnseenMessages(List.of());
        }
        return new UnseenMessages(
                EventRows.unseenMessages(handle, session.id(), turn).stream()
                        .filter(Event.UserMessage::steer)
                        .toList());
    }

    int count() {
        return messages.size();
    }

    /// The first entry of a turn that answers them, where no other waits that will. Nobody wants
    /// that after an interrupt; nothing goes on by itself where a budget was spent; and results of
    /// the caller's tools start the next turn anyway.
    Optional<StreamItem.Recorded> answerIn(
            Handle handle, SessionKey session, StreamItem.Recorded end) {
        StopReason reason = ((Event.TurnCompleted) end.event()).reason();
        boolean wanted =
                switch (reason) {
                    case LENGTH, MAX_STEPS, STUCK, MALFORMED_CALLS, ERROR -> true;
                    case END, INTERRUPTED, BUDGET, TOOL_CALLS -> false;
                };
        if (!wanted || messages.isEmpty() || !TurnRows.open(handle, session.id()).isEmpty()) {
            return Optional.empty();
        }
        Budget budget =
                messages.stream().map(Event.UserMessage::budget).reduce(Budget.NONE, Budget::lower);
        TurnId next = TurnRows.queue(handle, session, end.time());
        var begin = new Event.UserMessage("", List.of()).within(budget);
        return Optional.of(EventRows.append(handle, session, Optional.of(next), begin, end.time()));
    }
}
