package dev.carrel.session;

import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;

/// What turns that ended in this process knew of their sessions, for the next turns of these: so
/// the start of a turn does not depend on the length of its session. Nothing depends on it but
/// time: what is not here is read from the database. Any thread may call it.
final class KeptJournals {
    /// In all; about as many as the entries have in the database.
    static final long CHARS_MAX = 16 << 20;

    /// All entries up to number `seen` that the turn at `position` knew, which has ended, and about
    /// how many characters they have.
    record Kept(long position, long seen, List<StreamItem.Recorded> entries, long chars) {
        static final Kept NOTHING = new Kept(0, 0, List.of(), 0);

        Kept {
            entries = Collections.unmodifiableList(entries);
        }
    }

    private final long charsMax;
    private final LinkedHashMap<SessionId, Kept> sessions = new LinkedHashMap<>(); // guarded
    private long chars; // guarded by this

    KeptJournals() {
        this(CHARS_MAX);
    }

    KeptJournals(long charsMax) {
        this.charsMax = charsMax;
    }

    /// Those that were kept longest make room; what is too long alone is not kept.
    synchronized void keep(SessionId session, Kept kept) {
        take(session);
        sessions.put(session, kept);
        chars += kept.chars();
        for (Iterator<Kept> oldest = sessions.values().iterator(); chars > charsMax; ) {
            chars -= oldest.next().chars();
            oldest.remove();
        }
    }

    /// A fork that begins with the entries of a session up to `at` knows what is kept of that.
    synchronized void share(SessionId session, SessionId fork, long at) {
        Kept kept = take(session);
        if (!kept.entries().isEmpty()) {
            keep(session, kept); // anew, so that its forks do not drive it out
            if (kept.seen() <= at) {
                keep(fork, kept);
            }
        }
    }

    /// Of a session that is deleted.
    synchronized void forget(SessionId session) {
        take(session);
    }

    /// What is kept for a turn at `position`; it is the caller's then, and not kept any more.
    synchronized Kept take(SessionId session, long position) {
        Kept kept = take(session);
        return kept.position() < position ? kept : Kept.NOTHING;
    }

    private Kept take(SessionId session) {
        Kept kept = sessions.getOrDefault(session, Kept.NOTHING);
        sessions.remove(session);
        chars -= kept.chars();
        return kept;
    }
}
