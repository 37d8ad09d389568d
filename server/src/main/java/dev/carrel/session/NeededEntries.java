package dev.carrel.session;

import dev.carrel.agent.Cut;
import dev.carrel.agent.Event;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/// How much of a journal a turn needs, so that a long session loads about as fast as a short one
/// and the fold is the same. Needed is all from entry `whole` on. Of the entries before it, those
/// that the newest summary does not stand for; of these, messages of the user from `messages` on,
/// and of what turns were told is remembered, that of entry `told`.
record NeededEntries(long whole, Place messages, long told) {
    /// Where an entry stands in the order of turns.
    record Place(long turn, long seq) {
        static final Place FIRST = new Place(0, 0);

        boolean isBefore(Place other) {
            return turn < other.turn || (turn == other.turn && seq < other.seq);
        }
    }

    /// All but what a summary stands for. An index has just these entries, and is used where this
    /// stands word by word.
    static final String NOT_SUMMED_UP =
            " e.type not in"
                    + " ('model.started', 'message.assistant', 'tool.started', 'tool.completed') ";

    /// Entries of a type, of this turn and earlier ones.
    private static final String OF_TYPE =
            " from events e where e.session = :session and e.place <= :position"
                    + " and e.type = :type and"
                    + NOT_SUMMED_UP;

    /// What the turn at `position` needs.
    static NeededEntries of(
            Handle handle, SessionId session, long position, CountingEntries counting) {
        var finder = new Finder(handle, session, position, counting);
        long told = finder.told();
        Optional<Cut.Summary> summary = finder.newestSummary();
        Optional<Place> kept = summary.flatMap(cut -> finder.call(cut.keptFrom()));
        return kept.map(place ->
                        new NeededEntries(
                                Math.min(position, place.seq()),
                                finder.messages(place, summary.get().keptUserMessages()),
                                told))
                .orElseGet(() -> new NeededEntries(0, Place.FIRST, told));
    }

    private record Finder(
            Handle handle, SessionId session, long position, CountingEntries counting) {
        private record Found(long seq, Event event) {}

        /// The entry of the newest turn that was told what is remembered; 0 without one.
        long told() {
            try (Stream<Found> starts = newest(EventBody.TURN_STARTED)) {
                return starts.filter(
                                found -> ((Event.TurnStarted) found.event()).memory().isPresent())
                        .findFirst()
                        .map(Found::seq)
                        .orElse(0L);
            }
        }

        Optional<Cut.Summary> newestSummary() {
            try (Stream<Found> cuts = newest(EventBody.COMPACTION)) {
                return cuts.flatMap(found -> ((Event.Compaction) found.event()).summary().stream())
                        .findFirst();
            }
        }

        private Stream<Found> newest(String type) {
            return handle
                    .createQuery(
                            "select e.seq, e.body" + OF_TYPE + "order by e.part desc, e.seq desc")
                    .bind("session", session.value())
                    .bind("position", position)
                    .bind("type", type)
                    .map((row, context) ->
                            counting.contain(row.getLong("seq"))
                                    ? Optional.of(
                                            new Found(
                                                    row.getLong("seq"),
                                                    EventJson.parse(type, row.getString("body"))))
                                    : Optional.<Found>empty())
                    .stream()
                    .flatMap(Optional::stream);
        }

        /// The model call that was answered with this entry.
        Optional<Place> call(long answer) {
            return handle.createQuery(
                            """
                            select place, seq from events
                            where session = :session and seq <= :answer and type = :asked
                            order by part desc, seq desc limit 1
                            """)
                    .bind("session", session.value())
                    .bind("answer", answer)
                    .bind("asked", EventBody.MODEL_STARTED)
                    .map((row, context) -> place(row))
                    .findOne();
        }

        /// From where on there are `count` messages before `end`, and the newest one that starts a
        /// turn: the caller's tools stand in it.
        Place messages(Place end, int count) {
            Place place = end;
            int left = count;
            boolean started = false;
            Iterator<Place> older = messagesBefore(end).iterator();
            while ((left > 0 || !started) && older.hasNext()) {
                place = older.next();
                Event.UserMessage message = message(place);
                boolean blank = message.text().isBlank();
                left -= blank ? 0 : 1;
                started |= !message.steer() && !(blank && message.callerTools().isEmpty());
            }
            return place;
        }

        /// Newest first. Without their texts, which may be long.
        private List<Place> messagesBefore(Place end) {
            return handle
                    .createQuery(
                            "select e.place, e.seq" + OF_TYPE + "order by e.place desc, e.seq desc")
                    .bind("session", session.value())
                    .bind("position", position)
                    .bind("type", EventBody.MESSAGE_USER)
                    .map((row, context) -> place(row))
                    .list()
                    .stream()
                    .filter(place -> place.isBefore(end) && counting.contain(place.seq()))
                    .toList();
        }

        private Event.UserMessage message(Place place) {
            return handle.createQuery(
                            "select body from events where session = :session and seq = :seq")
                    .bind("session", session.value())
                    .bind("seq", place.seq())
                    .mapTo(String.class)
                    .map(body -> (Event.UserMessage) EventJson.parse(EventBody.MESSAGE_USER, body))
                    .one();
        }

        private static Place place(ResultSet row) throws SQLException {
            return new Place(row.getLong("place"), row.getLong("seq"));
        }
    }
}
