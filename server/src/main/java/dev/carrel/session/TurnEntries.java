package dev.carrel.session;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// The entries of a journal as one of its turns has to know them: up to its own, those that count,
/// turn by turn. In the journal itself, a message stands where it was sent, perhaps in the middle
/// of an earlier turn. Entries of no turn stand where they are.
///
/// What a summary stands for, and what only earlier turns were told, is left out ([NeededEntries]).
/// What the turn itself did is all there.
final class TurnEntries {
    private static final String SELECT =
            "select e.seq, e.time, e.turn, e.type, e.place,"
                    + " case when e.type = 'turn.started' and e.seq < :told then '{}' else e.body end"
                    + " as body from events e"
                    + " where e.session = :session and e.place <= :position and ";

    private TurnEntries() {}

    /// What the turn at `position` has to know.
    static List<StreamItem.Recorded> read(Handle handle, SessionId session, long position) {
        var counting = CountingEntries.of(handle, session);
        var needed = NeededEntries.of(handle, session, position, counting);
        return handle
                .createQuery(
                        SELECT
                                + "e.seq >= :whole union all "
                                + SELECT
                                + "e.seq < :whole and"
                                + NeededEntries.NOT_SUMMED_UP
                                + """
                                and (e.type <> 'message.user' or e.place > :turn
                                    or (e.place = :turn and e.seq >= :message))
                                order by place, seq
                                """)
                .bind("session", session.value())
                .bind("position", position)
                .bind("told", needed.told())
                .bind("whole", needed.whole())
                .bind("turn", needed.messages().turn())
                .bind("message", needed.messages().seq())
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

    /// A turn's entries have higher numbers than its position. That a session is a fork stands
    /// behind what it shares, and before its own turns.
    private static boolean changedSince(Handle handle, SessionId session, KeptJournals.Kept kept) {
        return handle.createQuery(
                                """
                                select count(*) from events
                                where session = :session and seq > :kept
                                    and ((turn is null and type <> :forked)
                                        or (place <= :kept and seq > :seen))
                                """)
                        .bind("session", session.value())
                        .bind("kept", kept.position())
                        .bind("seen", kept.seen())
                        .bind("forked", EventBody.SESSION_FORKED)
                        .mapTo(Integer.class)
                        .one()
                > 0;
    }
}
