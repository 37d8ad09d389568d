package dev.carrel.session;

import dev.carrel.agent.TurnId;
import dev.carrel.store.Ids;
import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// The rows of the turns, the queue of all sessions. Everything here runs inside its caller's
/// transaction.
final class TurnRows {
    /// A turn that has not ended; `ending` says that it was asked to.
    record Open(TurnId turn, boolean running, boolean ending) {}

    /// What a turn has to itself: the workspace of its session's agent, or else the sandbox that
    /// the session has or was given; where that is the one of a workspace, it goes by this name,
    /// too. Null for a session that has none yet.
    private static final String WORKSPACE =
            """
            (select coalesce(s.workspace,
                (select b.owner from sandboxes b
                    where b.id = s.sandbox and b.owner like 'workspace:%'),
                s.sandbox) from sessions s where s.id = :session)
            """;

    private TurnRows() {}

    /// The turn begins with the entry that its caller appends next, in the same transaction.
    static TurnId queue(Handle handle, SessionKey session, Instant now) {
        var turn = new TurnId(Ids.next("trn"));
        handle.createUpdate(
                        """
                        insert into turns
                            (id, project, session, position, state, workspace, created_at)
                        values (:id, :project, :session, :position, 'queued',
                        """
                                + WORKSPACE
                                + ", :now)")
                .bind("id", turn.value())
                .bind("project", session.project().value())
                .bind("session", session.id().value())
                .bind("position", EventRows.lastSeq(handle, session.id()) + 1)
                .bind("now", Micros.of(now))
                .execute();
        return turn;
    }

    /// The session got a sandbox, or another one: so did its turns that have not ended.
    static void inSandbox(Handle handle, SessionId session) {
        handle.createUpdate(
                        "update turns set workspace = "
                                + WORKSPACE
                                + " where session = :session and state <> 'done'")
                .bind("session", session.value())
                .execute();
    }

    /// The session's turns that have not ended, in the order in which they run.
    static List<Open> open(Handle handle, SessionId session) {
        return handle.createQuery(
                        """
                        select id, state, cancel_requested from turns
                        where session = :session and state <> 'done' order by position
                        """)
                .bind("session", session.value())
                .map((row, context) ->
                        new Open(
                                new TurnId(row.getString("id")),
                                row.getString("state").equals("running"),
                                row.getInt("cancel_requested") == 1))
                .list();
    }

    /// The turn that was begun and has not ended.
    static Optional<Open> running(Handle handle, SessionId session) {
        return open(handle, session).stream().filter(Open::running).findFirst();
    }

    /// Gives a turn back that waits for somebody's word: nobody claims it until it is woken.
    static void rest(Handle handle, TurnId turn) {
        handle.createUpdate(
                        """
                        update turns set awaits_approval = 1, lease_owner = null,
                            lease_expires_at = 0
                        where id = :id
                        """)
                .bind("id", turn.value())
                .execute();
    }

    static void wake(Handle handle, TurnId turn) {
        handle.createUpdate("update turns set awaits_approval = 0 where id = :id")
                .bind("id", turn.value())
                .execute();
    }

    /// A turn that waits to be tried again, or for somebody's word, is claimable at once, so that
    /// it can end.
    static void requestCancel(Handle handle, TurnId turn) {
        handle.createUpdate(
                        """
                        update turns set cancel_requested = 1, awaits_approval = 0, lease_expires_at =
                            case when lease_owner is null then 0 else lease_expires_at end
                        where id = :id
                        """)
                .bind("id", turn.value())
                .execute();
    }

    static void complete(Handle handle, TurnId turn) {
        handle.createUpdate(
                        """
                        update turns set state = 'done', lease_owner = null, lease_expires_at = 0
                        where id = :id
                        """)
                .bind("id", turn.value())
                .execute();
    }

    /// Turns that may be claimed now, the one that waits longest first: whose lease has expired,
    /// and the first of each session that waits behind none. None that waits for somebody's word.
    ///
    /// Of all first turns in a shared workspace, it is the one that was begun, or else the one that
    /// waits longest, and only if no other has a lease. One that waits for somebody's word keeps
    /// nobody waiting. That order has no two turns wait for each other. One that is to end waits
    /// for none: it does nothing more.
    static List<TurnId> claimable(Handle handle, Instant now, int limit) {
        return handle.createQuery(
                        """
                        select t.id from turns t
                        where t.state <> 'done' and t.awaits_approval = 0
                            and t.lease_expires_at <= :now
                            and not exists (select 1 from turns o
                                where o.session = t.session and o.state <> 'done'
                                    and o.position < t.position)
                            and (t.workspace is null or t.cancel_requested = 1
                                or not exists (select 1 from turns o
                                where o.project = t.project and o.workspace = t.workspace
                                    and o.workspace is not null
                                    and o.state <> 'done' and o.session <> t.session
                                    and o.awaits_approval = 0
                                    and not exists (select 1 from turns e
                                        where e.session = o.session and e.state <> 'done'
                                            and e.position < o.position)
                                    and (o.lease_expires_at > :now
                                        or (case o.state when 'running' then 0 else 1 end,
                                                o.created_at, o.id)
                                            < (case t.state when 'running' then 0 else 1 end,
                                                t.created_at, t.id))))
                        order by t.created_at, t.id limit :limit
                        """)
                .bind("now", Micros.of(now))
                .bind("limit", limit)
                .map((row, context) -> new TurnId(row.getString("id")))
                .list();
    }

    static Lease claim(Handle handle, TurnId turn, String owner, Instant expiresAt) {
        handle.createUpdate(
                        """
                        update turns set state = 'running', lease_owner = :owner,
                            lease_expires_at = :expires, epoch = epoch + 1
                        where id = :id
                        """)
                .bind("id", turn.value())
                .bind("owner", owner)
                .bind("expires", Micros.of(expiresAt))
                .execute();
        return handle.createQuery(
                        """
                        select id, project, session, position, epoch, failures, cancel_requested
                        from turns where id = :id
                        """)
                .bind("id", turn.value())
                .map((row, context) -> lease(row))
                .one();
    }

    /// Whether the lease still holds: nobody has claimed the turn since, and it has not ended.
    static boolean holds(Handle handle, Lease lease) {
        return handle.createQuery(
                                """
                                select count(*) from turns
                                where id = :id and epoch = :epoch and state = 'running'
                                    and lease_owner is not null
                                """)
                        .bind("id", lease.turn().value())
                        .bind("epoch", lease.claim().epoch())
                        .mapTo(Integer.class)
                        .one()
                == 1;
    }

    /// Fails with [LeaseLostException] when it does not.
    static void requireHeld(Handle handle, Lease lease) {
        if (!holds(handle, lease)) {
            throw new LeaseLostException(lease.turn());
        }
    }

    static void extend(Handle handle, Lease lease, Instant expiresAt) {
        handle.createUpdate("update turns set lease_expires_at = :expires where id = :id")
                .bind("id", lease.turn().value())
                .bind("expires", Micros.of(expiresAt))
                .execute();
    }

    static boolean cancelRequested(Handle handle, TurnId turn) {
        return handle.createQuery(
                                "select count(*) from turns where id = :id and cancel_requested = 1")
                        .bind("id", turn.value())
                        .mapTo(Integer.class)
                        .one()
                == 1;
    }

    /// Gives a turn back that has not ended, to be claimed by anybody from `from` on.
    static void giveBack(Handle handle, Lease lease, Instant from, int failures) {
        handle.createUpdate(
                        """
                        update turns set lease_owner = null, lease_expires_at = :from,
                            failures = :failures
                        where id = :id
                        """)
                .bind("id", lease.turn().value())
                .bind("from", Micros.of(from))
                .bind("failures", failures)
                .execute();
    }

    /// Makes every running turn claimable.
    static int voidLeases(Handle handle) {
        return handle.execute(
                """
                update turns set lease_owner = null, lease_expires_at = 0
                where state <> 'done' and lease_owner is not null
                """);
    }

    private static Lease lease(ResultSet row) throws SQLException {
        return new Lease(
                new SessionKey(
                        new ProjectId(row.getString("project")),
                        new SessionId(row.getString("session"))),
                new TurnId(row.getString("id")),
                new Lease.Claim(
                        row.getLong("position"),
                        row.getLong("epoch"),
                        row.getInt("failures"),
                        row.getInt("cancel_requested") == 1));
    }
}
