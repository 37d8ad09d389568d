package dev.carrel.session;

import dev.carrel.agent.Event;
import dev.carrel.agent.FilesThen;
import dev.carrel.sandbox.SnapshotId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/// What the journal says of a session's files: of which entries they are kept. Everything here runs
/// inside its caller's transaction.
final class FilePoints {
    // The conditions of indexes, word for word.
    private static final String ON_FILES =
            " type in ('snapshot.taken', 'snapshot.failed', 'session.forked', 'session.rewound') ";
    private static final String ON_REWINDS = " type = 'session.rewound' ";

    private static final String DOWN_FROM = "and seq <= :seq order by part desc, seq desc";
    private static final String UP_FROM = "and seq > :seq order by part, seq";

    private static final Set<String> BETWEEN_CALL_AND_FILES =
            Set.of(EventBody.TOOL_COMPLETED, EventBody.MESSAGE_USER, ApprovalJson.DECIDED);

    record Entry(long seq, Event event) {}

    /// From entry `since` on, until the next of these, the files are `files`; those of `Left` are
    /// known to nobody.
    record Point(long since, FilesThen files) {}

    private FilePoints() {}

    /// The point that entry `seq` belongs to; empty when it comes before the first.
    static Optional<Point> at(Handle handle, SessionId session, long seq) {
        Optional<Point> found;
        try (Stream<Entry> before = read(handle, session, ON_FILES + DOWN_FROM, seq)) {
            found = before.flatMap(entry -> point(entry).stream()).findFirst();
        }
        // What is written down next may have been so at this entry already.
        try (Stream<Entry> after = read(handle, session, ON_FILES + UP_FROM, seq)) {
            return after.takeWhile(entry -> point(entry).filter(p -> p.since() <= seq).isPresent())
                    .reduce((_, next) -> next)
                    .flatMap(FilePoints::point)
                    .or(() -> found);
        }
    }

    /// Whether the turn that runs is keeping the files of entry `seq` now, or may be: a call has
    /// ended, and what comes after that is not written down yet. Of what comes from outside, only
    /// that has been.
    static boolean areBeingKept(Handle handle, SessionId session, long seq) {
        try (Stream<Long> ended =
                handle
                        .createQuery(
                                """
                                select seq, type from events
                                where session = :session and exists (select 1 from turns
                                    where session = :session and state = 'running'
                                        and lease_owner is not null)
                                order by part desc, seq desc
                                """)
                        .bind("session", session.value())
                        .map((row, context) -> Map.entry(row.getString("type"), row.getLong("seq")))
                        .stream()
                        .takeWhile(entry -> BETWEEN_CALL_AND_FILES.contains(entry.getKey()))
                        .filter(entry -> entry.getKey().equals(EventBody.TOOL_COMPLETED))
                        .map(Map.Entry::getValue)) {
            return ended.anyMatch(end -> end <= seq);
        }
    }

    /// All of them, oldest first.
    static List<Point> all(Handle handle, SessionId session) {
        try (Stream<Entry> entries = read(handle, session, ON_FILES + UP_FROM, 0)) {
            return entries.flatMap(entry -> point(entry).stream()).toList();
        }
    }

    /// Where the session went back, newest first.
    static List<Entry> rewinds(Handle handle, SessionId session) {
        try (Stream<Entry> entries =
                read(handle, session, ON_REWINDS + DOWN_FROM, Long.MAX_VALUE)) {
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
