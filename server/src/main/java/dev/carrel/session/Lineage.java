package dev.carrel.session;

import java.util.List;
import org.jdbi.v3.core.Handle;

/// What a session's journal consists of: the beginnings of branches of entries, of which the last
/// one, under the session's own id, is the one that grows. A fork shares those of its original, so
/// it takes no time and no room for its past. Everything here runs inside its caller's transaction.
final class Lineage {
    /// Each part costs a look-up in whatever is read. A fork that had more gets a copy of all
    /// entries instead.
    static final int PARTS_MAX = 32;

    private static final long GROWING = Long.MAX_VALUE;

    private Lineage() {}

    /// Gives a session an empty journal.
    static void begin(Handle handle, SessionId session) {
        addPart(handle, session, 1);
    }

    /// Gives a session the entries of another up to `at`, to go on with its own.
    static void fork(Handle handle, SessionId from, SessionKey fork, long at) {
        handle.execute(
                """
                update sessions set family =
                    (select coalesce(family, id) from sessions where id = ?) where id = ?
                """,
                from.value(),
                fork.id().value());
        if (partsUpTo(handle, from, at) >= PARTS_MAX) {
            begin(handle, fork.id());
            copy(handle, from, fork, at);
            return;
        }
        handle.createUpdate(
                        """
                        insert into journal_parts (session, from_seq, to_seq, branch)
                        select :fork, from_seq, case when to_seq > :at then :at else to_seq end, branch
                        from journal_parts where session = :session and from_seq <= :at
                        """)
                .bind("fork", fork.id().value())
                .bind("session", from.value())
                .bind("at", at)
                .execute();
        addPart(handle, fork.id(), at + 1);
    }

    private static int partsUpTo(Handle handle, SessionId session, long at) {
        return handle.createQuery(
                        """
                        select count(*) from journal_parts
                        where session = :session and from_seq <= :at
                        """)
                .bind("session", session.value())
                .bind("at", at)
                .mapTo(Integer.class)
                .one();
    }

    private static void addPart(Handle handle, SessionId session, long from) {
        handle.createUpdate(
                        """
                        insert into journal_parts (session, from_seq, to_seq, branch)
                        values (:session, :from, :to, :session)
                        """)
                .bind("session", session.value())
                .bind("from", from)
                .bind("to", GROWING)
                .execute();
    }

    private static void copy(Handle handle, SessionId from, SessionKey fork, long at) {
        handle.createUpdate(
                        """
                        insert into branch_entries
                            (project, branch, seq, time, turn, place, type, body)
                        select :project, :fork, seq, time, turn, place, type, body
                        from events where session = :session and seq <= :at
                        """)
                .bind("project", fork.project().value())
                .bind("fork", fork.id().value())
                .bind("session", from.value())
                .bind("at", at)
                .execute();
    }

    /// The other sessions that come from the same one by forks.
    static List<SessionId> relatives(Handle handle, SessionId session) {
        return handle.createQuery(
                        """
                        select r.id from sessions s
                            join sessions r on r.family = coalesce(s.family, s.id)
                        where s.id = :id and r.id <> :id
                        union all
                        select r.id from sessions s join sessions r on r.id = s.family
                        where s.id = :id
                        """)
                .bind("id", session.value())
                .mapTo(String.class)
                .map(SessionId::new)
                .list();
    }

    /// The branches that a session's journal consists of.
    static List<String> branches(Handle handle, SessionId session) {
        return handle.createQuery("select branch from journal_parts where session = :session")
                .bind("session", session.value())
                .mapTo(String.class)
                .list();
    }

    /// Removes the entries of these branches that no session has any more.
    static void removeUnused(Handle handle, List<String> branches) {
        for (String branch : branches) {
            handle.createUpdate(
                            """
                            delete from branch_entries
                            where branch = :branch and seq > coalesce(
                                (select max(to_seq) from journal_parts where branch = :branch), 0)
                            """)
                    .bind("branch", branch)
                    .execute();
        }
    }
}
