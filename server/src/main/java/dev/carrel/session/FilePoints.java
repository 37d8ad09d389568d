package dev.carrel.session;

import dev.carrel.agent.Event;
import dev.carrel.agent.FilesThen;
import dev.carrel.sandbox.SnapshotId;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/// What the journal says of a session's files: of which entries they are kept. Everything here runs
/// inside its caller's transaction.
final class FilePoints {
    /// The condition of an index, word for word.
    private static final String ON_FILES =
            " type in ('snapshot.taken', 'snapshot.failed', 'session.forked', 'session.rewound') ";

    record Entry(long seq, Event event) {}

    /// From entry `since` on, until the next of these, the files are `files`; those of `Left` are
    /// known to nobody.
    record Point(long since, FilesThen files) {}

    private FilePoints() {}

    /// The point that entry `seq` belongs to; empty when it comes before the first.
    static Optional<Point> at(Handle handle, SessionId session, long seq) {
        Optional<Point> found;
        try (Stream<Entry> before =
                read(handle, session, "seq <= :seq order by part desc, seq desc", seq)) {
            found = before.flatMap(entry -> point(entry).stream()).findFirst();
        }
        // What is written down next may have been so at this entry already.
        try (Stream<Entry> after = read(handle, session, "seq > :seq order by part, seq", seq)) {
            return after.takeWhile(entry -> point(entry).filter(p -> p.since() <= seq).isPresent())
                    .reduce((_, next) -> next)
                    .flatMap(FilePoints::point)
                    .or(() -> found);
        }
    }

    /// All of them, oldest first.
    static List<Point> all(Handle handle, SessionId session) {
        try (Stream<Entry> entries = read(handle, session, "seq > :seq order by part, seq", 0)) {
            return entries.flatMap(entry -> point(entry).stream()).toList();
        }
    }

    /// Where the session went back, newest first.
    static List<Entry> rewinds(Handle handle, SessionId session) {
        String condition = "type = 'session.rewound' and seq > :seq order by part desc, seq desc";
        try (Stream<Entry> entries = read(handle, session, condition, 0)) {
            return entries.toList();
        }
    }

    private static Optional<Point> point(Entry entry) {
        return switch (entry.event()) {
            case Event.SnapshotTaken taken ->
                    Optional.of(new Point(taken.since(), new FilesThen.Restored(taken.snapshot())));
            case Event.SnapshotFailed failed ->
                    Optional.of(new Point(failed.since(), new FilesThen.Left()));
            case Event.SessionForked forked ->
                    Optional.of(
                            new Point(
                                    entry.seq(),
                                    forked.files() instanceof FilesThen.Left
                                            ? new FilesThen.None()
                                            : forked.files()));
            case Event.SessionRewound rewound ->
                    rewound.files() instanceof FilesThen.Left
                            ? Optional.empty()
                            : Optional.of(new Point(entry.seq(), rewound.files()));
            default -> Optional.empty();
        };
    }

    private static Stream<Entry> read(
            Handle handle, SessionId session, String condition, long seq) {
        return handle
                .createQuery(
                        "select seq, type, body from events where session = :session and"
                                + ON_FILES
                                + "and "
                                + condition)
                .bind("session", session.value())
                .bind("seq", seq)
                .map((row, context) ->
                        new Entry(
                                row.getLong("seq"),
                                EventJson.parse(row.getString("type"), row.getString("body"))))
                .stream();
    }

    static Optional<SnapshotId> snapshot(FilesThen files) {
        return files instanceof FilesThen.Restored restored
                ? Optional.of(new SnapshotId(restored.snapshot()))
                : Optional.empty();
    }
}
