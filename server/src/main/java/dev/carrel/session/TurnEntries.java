package dev.carrel.session;

import dev.carrel.agent.Cut;
import dev.carrel.agent.Event;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// The entries of a journal as one of its turns has to know them: up to its own, those that count,
/// turn by turn. In the journal itself, a message stands where it was sent, perhaps in the middle
/// of an earlier turn. Entries of no turn stand where they are.
///
/// Answers and calls that a summary stands for are left out, so that a long session loads about as
/// fast as a short one; the fold of the rest is the same. What the turn itself did is all there.
final class TurnEntries {
    /// All but what a summary stands for. An index has just these entries, and is used where this
    /// stands word by word.
    private static final String NOT_SUMMED_UP =
            " e.type not in"
                    + " ('model.started', 'message.assistant', 'tool.started', 'tool.completed') ";

    private static final String FROM_EVENTS =
            " from events e where e.session = :session and e.place <= :position and ";

    private TurnEntries() {}

    /// What the turn at `position` has to know.
    static List<StreamItem.Recorded> read(Handle handle, SessionId session, long position) {
        var counting = CountingEntries.of(handle, session);
        String columns = EventRows.COLUMNS + ", e.place ";
        return handle
                .createQuery(
                        "select "
                                + columns
                                + FROM_EVENTS
                                + "e.seq >= :whole union all select "
                                + columns
                                + FROM_EVENTS
                                + "e.seq < :whole and"
                                + NOT_SUMMED_UP
                                + "order by place, seq")
                .bind("session", session.value())
                .bind("position", position)
                .bind("whole", Math.min(position, keptFrom(handle, session, position, counting)))
                .map((row, context) ->
                        counting.contain(row.getLong("seq"))
                                ? Optional.of(EventRows.entry(row))
                                : Optional.<StreamItem.Recorded>empty())
                .list()
                .stream()
                .flatMap(Optional::stream)
                .toList();
    }

    /// What a turn has to know beyond what an earlier one knew; empty where something else was said
    /// since than what later turns did, so that all has to be read anew.
    static Optional<List<StreamItem.Recorded>> since(
            Handle handle, SessionId session, KeptJournals.Kept kept, long position) {
        if (kept.entries().isEmpty() || changedSince(handle, session, kept)) {
            return Optional.empty();
        }
        return Optional.of(
                handle.createQuery(
                                "select "
                                        + EventRows.COLUMNS
                                        + """
                                         from events e
                                        where e.session = :session and e.seq > :kept
                                            and e.place > :kept and e.place <= :position
                                        order by e.place, e.seq
                                        """)
                        .bind("session", session.value())
                        .bind("kept", kept.position())
                        .bind("position", position)
                        .map((row, context) -> EventRows.entry(row))
                        .list());
    }

    /// A turn's entries have higher numbers than its position.
    private static boolean changedSince(Handle handle, SessionId session, KeptJournals.Kept kept) {
        return handle.createQuery(
                                """
                                select count(*) from events
                                where session = :session and seq > :kept
                                    and (turn is null or (place <= :kept and seq > :seen))
                                """)
                        .bind("session", session.value())
                        .bind("kept", kept.position())
                        .bind("seen", kept.seen())
                        .mapTo(Integer.class)
                        .one()
                > 0;
    }

    /// The model call of the first answer that the newest summary does not stand for; 0 without a
    /// summary.
    private static long keptFrom(
            Handle handle, SessionId session, long position, CountingEntries counting) {
        Optional<Long> answer =
                compactions(handle, session, position, counting).stream()
                        .flatMap(event -> event.summary().stream())
                        .map(Cut.Summary::keptFrom)
                        .findFirst();
        if (answer.isEmpty()) {
            return 0;
        }
        return handle.createQuery(
                        """
                        select seq from events
                        where session = :session and seq <= :answer and type = :asked
                        order by part desc, seq desc limit 1
                        """)
                .bind("session", session.value())
                .bind("answer", answer.get())
                .bind("asked", EventBody.MODEL_STARTED)
                .mapTo(Long.class)
                .findOne()
                .orElse(0L);
    }

    /// Newest first.
    private static List<Event.Compaction> compactions(
            Handle handle, SessionId session, long position, CountingEntries counting) {
        return handle
                .createQuery(
                        "select e.seq, e.body"
                                + FROM_EVENTS
                                + "e.type = :type and"
                                + NOT_SUMMED_UP
                                + "order by e.part desc, e.seq desc")
                .bind("session", session.value())
                .bind("type", EventBody.COMPACTION)
                .bind("position", position)
                .map((row, context) ->
                        counting.contain(row.getLong("seq"))
                                ? Optional.of(row.getString("body"))
                                : Optional.<String>empty())
                .list()
                .stream()
                .flatMap(Optional::stream)
                .map(body -> (Event.Compaction) EventJson.parse(EventBody.COMPACTION, body))
                .toList();
    }
}
