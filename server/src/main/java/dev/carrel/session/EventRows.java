package dev.carrel.session;

import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.agent.TurnId;
import dev.carrel.store.Micros;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.result.ResultIterator;
import org.jspecify.annotations.Nullable;

/// The rows of the journals. Everything here runs inside its caller's transaction.
final class EventRows {
    static final String COLUMNS = "e.seq, e.time, e.turn, e.type, e.body";

    /// How much is read into memory at once. One entry may have more than a million characters.
    record Bounds(int entries, int chars) {}

    private EventRows() {}

    /// The condition of an index, word for word.
    private static final String ON_APPROVALS =
            " type in ('approval.requested', 'approval.decided') ";

    /// Appends one entry and brings the session's folds up to date. The entry exists once the
    /// transaction is committed, not before.
    static StreamItem.Recorded append(
            Handle handle, SessionKey session, Optional<TurnId> turn, Event event, Instant now) {
        long seq = lastSeq(handle, session.id()) + 1;
        Instant time = now.truncatedTo(ChronoUnit.MICROS);
        handle.createUpdate(
                        """
                        insert into branch_entries
                            (project, branch, seq, time, turn, place, type, body)
                        values (:project, :session, :seq, :time, :turn,
                            coalesce((select position from turns where id = :turn), :seq),
                            :type, :body)
                        """)
                .bind("project", session.project().value())
                .bind("session", session.id().value())
                .bind("seq", seq)
                .bind("time", Micros.of(time))
                .bind("turn", turn.map(TurnId::value).orElse(null))
                .bind("type", EventJson.type(event))
                .bind("body", EventJson.body(event))
                .execute();
        fold(handle, session, event, now);
        return new StreamItem.Recorded(seq, time, turn, event);
    }

    /// The newest entry's number; 0 when there is no such session.
    static long lastSeq(Handle handle, SessionId session) {
        return handle.createQuery(
                        """
                        select seq from events where session = :session
                        order by part desc, seq desc limit 1
                        """)
                .bind("session", session.value())
                .mapTo(Long.class)
                .findOne()
                .orElse(0L);
    }

    /// Entries with `after` < seq ≤ `to`, oldest first, within bounds, but never none where there
    /// is one.
    static List<StreamItem.Recorded> between(
            Handle handle, SessionId session, long after, long to, Bounds bounds) {
        var page = new ArrayList<StreamItem.Recorded>();
        long chars = 0;
        try (ResultIterator<Sized> rows =
                rowsBetween(handle, session, after, to, bounds.entries())) {
            while (chars < bounds.chars() && rows.hasNext()) {
                Sized row = rows.next();
                page.add(row.entry());
                chars += row.chars();
            }
        }
        return page;
    }

    private record Sized(StreamItem.Recorded entry, int chars) {}

    private static ResultIterator<Sized> rowsBetween(
            Handle handle, SessionId session, long after, long to, int limit) {
        return handle.createQuery(
                        "select "
                                + COLUMNS
                                + """
                                 from events e
                                where e.session = :session and e.seq > :after and e.seq <= :to
                                order by e.part, e.seq limit :limit
                                """)
                .bind("session", session.value())
                .bind("after", after)
                .bind("to", to)
                .bind("limit", limit)
                .map((row, context) -> new Sized(entry(row), row.getString("body").length()))
                .iterator();
    }

    /// The entries of a turn above `after`, oldest first.
    static List<StreamItem.Recorded> ofTurn(
            Handle handle, SessionId session, TurnId turn, long after) {
        return handle.createQuery(
                        "select "
                                + COLUMNS
                                + """
                                 from events e
                                where e.session = :session and e.seq > :after and e.turn = :turn
                                order by e.seq
                                """)
                .bind("session", session.value())
                .bind("after", after)
                .bind("turn", turn.value())
                .map((row, context) -> entry(row))
                .list();
    }

    /// A turn and the number of its first entry.
    record Placed(TurnId turn, long position) {}

    /// The session's newest turn that counts, in the order of running, whatever its state, and
    /// whosesoever it was before a fork.
    static Optional<Placed> newestTurn(Handle handle, SessionId session, CountingEntries counting) {
        try (Stream<Placed> turns =
                handle
                        .createQuery(
                                """
                                select turn, seq from events
                                where session = :session and turn is not null and place = seq
                                order by part desc, seq desc
                                """)
                        .bind("session", session.value())
                        .map((row, context) ->
                                new Placed(new TurnId(row.getString("turn")), row.getLong("seq")))
                        .stream()) {
            return turns.filter(turn -> counting.contain(turn.position())).findFirst();
        }
    }

    /// The messages that have come to a turn since its model was last asked.
    static List<Event.UserMessage> unseenMessages(Handle handle, SessionId session, TurnId turn) {
        return handle.createQuery(
                        "select "
                                + COLUMNS
                                + """
                                 from events e
                                where e.session = :session and e.turn = :turn
                                    and e.type = :message
                                    and e.seq > coalesce((select seq from events
                                    where session = :session and turn = :turn
                                        and type = :asked
                                    order by part desc, seq desc limit 1),
                                    (select position from turns where id = :turn) - 1, 0)
                                order by e.seq
                                """)
                .bind("session", session.value())
                .bind("turn", turn.value())
                .bind("message", EventBody.MESSAGE_USER)
                .bind("asked", EventBody.MODEL_STARTED)
                .map((row, context) -> (Event.UserMessage) entry(row).event())
                .list();
    }

    /// The entries of a turn from its last answer of the model on; all of them if there is none.
    static List<StreamItem.Recorded> lastStep(Handle handle, SessionId session, TurnId turn) {
        return lastStep(handle, session, turn, Long.MAX_VALUE);
    }

    /// The entries of a turn up to `to`, from its last answer of the model on; all of them if there
    /// is none.
    static List<StreamItem.Recorded> lastStep(
            Handle handle, SessionId session, TurnId turn, long to) {
        return handle.createQuery(
                        "select "
                                + COLUMNS
                                + """
                                 from events e
                                where e.session = :session and e.turn = :turn and e.seq <= :to
                                    and e.seq >= coalesce((select seq from events
                                    where session = :session and turn = :turn and type = :answer
                                        and seq <= :to
                                    order by part desc, seq desc limit 1), 0)
                                order by e.seq
                                """)
                .bind("session", session.value())
                .bind("turn", turn.value())
                .bind("answer", EventBody.MESSAGE_ASSISTANT)
                .bind("to", to)
                .map((row, context) -> entry(row))
                .list();
    }

    /// What was asked and said about tool calls, oldest first.
    static List<StreamItem.Recorded> approvals(Handle handle, SessionId session) {
        return handle.createQuery(
                        "select "
                                + COLUMNS
                                + " from events e where e.session = :session and"
                                + ON_APPROVALS
                                + "order by e.part, e.seq")
                .bind("session", session.value())
                .map((row, context) -> entry(row))
                .list();
    }

    /// The calls that somebody was asked about in entries that do not count any more.
    static Set<String> spentCalls(Handle handle, SessionId session) {
        var counting = CountingEntries.of(handle, session);
        return approvals(handle, session).stream()
                .filter(entry -> !counting.contain(entry.seq()))
                .map(StreamItem.Recorded::event)
                .filter(Event.ApprovalRequested.class::isInstance)
                .map(event -> ((Event.ApprovalRequested) event).callId())
                .collect(Collectors.toUnmodifiableSet());
    }

    static StreamItem.Recorded entry(ResultSet row) throws SQLException {
        @Nullable String turn = row.getString("turn");
        return new StreamItem.Recorded(
                row.getLong("seq"),
                Micros.toInstant(row.getLong("time")),
                Optional.ofNullable(turn).map(TurnId::new),
                EventJson.parse(row.getString("type"), row.getString("body")));
    }

    private static void fold(Handle handle, SessionKey session, Event event, Instant now) {
        Spending.add(handle, session, event, now);
        if (event instanceof Event.TurnCompleted completed) {
            setEnd(handle, session.id(), Optional.of(completed.reason()));
        } else if (event instanceof Event.SessionRewound) {
            setEnd(handle, session.id(), Optional.empty());
        }
    }

    private static void setEnd(Handle handle, SessionId session, Optional<StopReason> reason) {
        handle.createUpdate(
                        """
                        update sessions set failed = :failed, stop_reason = :reason
                        where id = :session
                        """)
                .bind("session", session.value())
                .bind("failed", reason.filter(StopReason::failed).isPresent() ? 1 : 0)
                .bind("reason", reason.map(StopReason::wireName).orElse(null))
                .execute();
    }
}
