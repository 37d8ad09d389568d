package dev.carrel.session;

import dev.carrel.agent.Event;
import dev.carrel.agent.FilesThen;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/// Goes back in the time of sessions: conversation and files together. Any thread may call it.
public final class SessionTravels {
    /// What is to become of the files.
    public enum Files {
        /// They are what they were at that entry; where that is not known any more, the call fails.
        RESTORE,
        /// They are left out.
        NONE
    }

    private static final String WITHOUT_FILES =
            "; \"files\": \"none\" (--without-files) takes the conversation alone";

    private final Sessions sessions;
    private final SessionFiles files;
    private final FilesFinder finder;
    private final FileKeeper keeper;
    private final Store store;

    public SessionTravels(Sessions sessions, Sandboxes sandboxes, SessionFiles files) {
        this.sessions = sessions;
        this.files = files;
        this.finder = new FilesFinder(sessions.store(), sandboxes, files);
        this.keeper = new FileKeeper(sessions, sandboxes, files);
        this.store = sessions.store();
    }

    /// A session of its own that begins with the entries of this one up to `at`, and with the files
    /// as they were then; without `at`, with everything as it is now. A turn that ran at that point
    /// counts as interrupted there. This session goes on untouched. Fails with `INVALID_REQUEST`
    /// for an entry that there is not, with `CONFLICT` when its files are not kept, and as creating
    /// a session and a sandbox do; then nothing was made.
    public Session fork(ProjectId project, SessionId id, OptionalLong at, Files wanted) {
        var source = new SessionKey(project, id);
        var fork = new SessionKey(project, SessionId.next());
        Session session = sessions.get(project, id);
        long last = at.orElse(session.lastEvent());
        requireEntry(session, last, "at");
        boolean begun = false;
        try {
            FilesThen then =
                    wanted == Files.NONE
                            ? new FilesThen.Left()
                            : at.isPresent()
                                    ? finder.at(source, last, WITHOUT_FILES)
                                    : keeper.now(source, fork.id()).files();
            begin(source, fork, last, then);
            begun = true;
        } finally {
            if (!begun) {
                files.discard(fork.id().value()); // what was kept for it alone
            }
        }
        makeSandbox(session, fork);
        return sessions.get(project, fork.id());
    }

    private void begin(SessionKey source, SessionKey fork, long last, FilesThen then) {
        SessionId id = source.id();
        try (var _ = finder.hold(source.project(), then)) {
            store.write(handle -> {
                Instant now = sessions.clock().instant().truncatedTo(ChronoUnit.MICROS);
                SessionRows.require(handle, source); // it may have been deleted by now
                sessions.requireRoom(handle, source.project());
                SessionRows.insert(handle, fork, Optional.empty(), Optional.empty(), now);
                Lineage.fork(handle, id, fork, last);
                FilesRows.setPending(handle, fork, then);
                var event = new Event.SessionForked(id.value(), last, then);
                return EventRows.append(handle, fork, Optional.empty(), event, now);
            });
            sessions.turns().kept().share(id, fork.id(), last);
        }
    }

    private void makeSandbox(Session source, SessionKey fork) {
        boolean made = false;
        try {
            files.settle(fork, () -> specLike(source));
            made = true;
        } finally {
            if (!made) {
                files.deleteSession(fork.project(), fork.id());
            }
        }
    }

    /// Like the sandbox of this session, if there is one still.
    private SandboxSpec specLike(Session session) {
        Optional<SandboxSpec> there =
                session.sandbox().flatMap(id -> files.specOf(session.project(), id));
        return there.map(spec -> spec.forFork(Optional.empty(), Map.of()))
                .orElseGet(files.spec(session));
    }

    /// Makes the session again what it was after entry `to`. The journal keeps everything: it may
    /// be rewound to before or after this, since the files that it leaves are kept first. What runs
    /// in its sandbox ends. Fails with `CONFLICT` when a turn runs or waits, or the files are not
    /// kept, and with `INVALID_REQUEST` for an entry that there is not; then nothing has happened.
    public Session rewind(ProjectId project, SessionId id, long to, Files wanted) {
        var key = new SessionKey(project, id);
        Session session = sessions.get(project, id);
        requireEntry(session, to, "to");
        if (wanted == Files.RESTORE) {
            files.requireNotShared(key);
        }
        FilesThen then =
                wanted == Files.NONE ? new FilesThen.Left() : finder.at(key, to, WITHOUT_FILES);
        try (var _ = finder.hold(project, then)) {
            Optional<Event> leaving =
                    wanted == Files.NONE
                            ? Optional.empty()
                            : keeper.keepNow(key, session.lastEvent());
            store.write(handle -> goBack(handle, key, new Event.SessionRewound(to, then), leaving))
                    .forEach(entry -> sessions.publish(id, entry));
        }
        files.settle(key, files.spec(session));
        return sessions.get(project, id);
    }

    private List<StreamItem.Recorded> goBack(
            Handle handle, SessionKey key, Event.SessionRewound back, Optional<Event> leaving) {
        SessionRows.require(handle, key);
        requireNoTurn(key, TurnRows.open(handle, key.id()).size());
        FilesRows.setPending(handle, key, back.files());
        Instant now = sessions.clock().instant();
        return Stream.concat(leaving.stream(), Stream.of(back))
                .map(event -> EventRows.append(handle, key, Optional.empty(), event, now))
                .toList();
    }

    static void requireEntry(Session session, long seq, String param) {
        if (seq < 1 || seq > session.lastEvent()) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    param,
                    "%s must be the number of an entry of session %s, from 1 to %d, not %d"
                            .formatted(param, session.id(), session.lastEvent(), seq));
        }
    }

    private static void requireNoTurn(SessionKey key, int open) {
        if (open > 0) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "session %s has %d turns that run or wait: interrupt them first"
                            .formatted(key.id(), open));
        }
    }
}
