package dev.carrel.session;

import dev.carrel.agent.Cut;
import dev.carrel.agent.Event;
import dev.carrel.agent.TurnId;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// The entries of a journal as one of its turns has to know them.
final class TurnEntries {
    /// What the model has to see no more once there is a summary of it.
    private static final List<String> SUMMED_UP =
            List.of(
                    EventBody.MODEL_STARTED,
                    EventBody.MESSAGE_ASSISTANT,
                    EventBody.TOOL_STARTED,
                    EventBody.TOOL_COMPLETED);

    private TurnEntries() {}

    /// What a turn, at `position`, has to know of its session: the entries up to its own that
    /// count, turn by turn. In the journal itself, a message stands where it was sent, perhaps in
    /// the middle of an earlier turn. Entries of no turn stand where they are.
    ///
    /// Answers and calls that a summary stands for are left out, so that a long session loads as
    /// fast as a short one; the fold of the rest is the same. What this turn did is all there.
    static List<StreamItem.Recorded> read(
            Handle handle, SessionId session, TurnId turn, long position) {
        var counting = CountingEntries.of(handle, session);
        return handle
                .createQuery(
                        "select "
                                + EventRows.COLUMNS
                                + """
                                 from events e left join turns t on t.id = e.turn
                                where e.session = :session
                                    and coalesce(t.position, e.seq) <= :position
                                    and (e.seq >= :from or e.turn = :turn or e.type not in
                                        (<summedUp>))
                                order by coalesce(t.position, e.seq), e.seq
                                """)
                .bindList("summedUp", SUMMED_UP)
                .bind("session", session.value())
                .bind("position", position)
                .bind("turn", turn.value())
                .bind("from", keptFrom(handle, session, position, counting))
                .map((row, context) ->
                        counting.contain(row.getLong("seq"))
                                ? Optional.of(EventRows.entry(row))
                                : Optional.<StreamItem.Recorded>empty())
                .list()
                .stream()
                .flatMap(Optional::stream)
                .toList();
    }

    /// The model call of the first answer that the newest summary does not stand for; 0 without a
    /// summary.
    private static long keptFrom(
            Handle handle, SessionId session, long position, CountingEntries counting) {
        long answer =
                handle
                        .createQuery(
                                """
                                select e.seq, e.body from events e left join turns t on t.id = e.turn
                                where e.session = :session and e.type = :type
                                    and coalesce(t.position, e.seq) <= :position
                                order by e.seq desc
                                """)
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
                        .map(body -> EventJson.parse(EventBody.COMPACTION, body))
                        .flatMap(event -> ((Event.Compaction) event).summary().stream())
                        .findFirst()
                        .map(Cut.Summary::keptFrom)
                        .orElse(0L);
        return handle.createQuery(
                        """
                        select coalesce(max(seq), 0) from events
                        where session = :session and seq <= :answer and type = :asked
                        """)
                .bind("session", session.value())
                .bind("answer", answer)
                .bind("asked", EventBody.MODEL_STARTED)
                .mapTo(Long.class)
                .one();
    }
}
