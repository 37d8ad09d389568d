package dev.carrel.agent;

import java.util.List;
import java.util.Optional;

/// The session's journal as the agent loop sees it, for the turn it runs. One thread uses it at a
/// time.
public interface Journal {
    /// All entries of the session up to and with this turn's, oldest first, the ones appended
    /// through this object included. Turn by turn: a message that was sent while another turn ran
    /// stands after that turn's end, and what belongs to later turns is left out. Answers and calls
    /// of earlier turns that a [Cut.Summary] stands for may be left out, too.
    List<Event> events();

    /// Appends entries, all or none; durable when this returns. Returns what is new in [#events],
    /// in order: messages that steer the turn may have come since the last append, and stand before
    /// the entries. A turn does not [end][StopReason#END] over such a message: then its end is not
    /// written, and not returned.
    ///
    /// Fails when this worker no longer owns the turn: then nothing was written and the loop must
    /// stop without touching the sandbox again.
    List<Event> append(List<Event> events);

    /// The same for one entry.
    default List<Event> append(Event event) {
        return append(List.of(event));
    }

    /// Gives the turn back until somebody has said something about its waiting calls, or wants it
    /// to end: nobody runs it meanwhile. Empty when that is done; then the loop must stop. When
    /// something was said already, the turn stays, and what is new in [#events] is returned, in
    /// order. Fails like [#append].
    Optional<List<Event>> rest();

    /// The number, as readers of the journal know it, of the entry with the newest answer of the
    /// model but `answer` - 1.
    long numberOfAnswer(int answer);

    /// What bounds the turn beside its own budget, as it stands now: the session's budget, the
    /// user's, the project's.
    default List<BudgetState> budgets() {
        return List.of();
    }

    /// Whether a call of this id has waited for somebody's word in what the session has gone back
    /// behind: a word that comes late must not be taken for one about another call.
    boolean isSpent(String callId);

    /// Tells live readers; never blocks, never fails.
    void publish(Delta delta);
}
