package dev.carrel.session;

import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.model.Cost;
import dev.carrel.model.Usage;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.store.Cursor;
import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/// The rows of the sessions. Everything here runs inside its caller's transaction.
final class SessionRows {
    /// A journal is never empty: the session's creation is its first entry.
    private static final String SELECT =
            """
            select s.*,
                (select e.body from events e where e.session = s.id and e.seq = 1) as created,
                (select e.seq from events e where e.session = s.id
                    order by e.part desc, e.seq desc limit 1) as last_event,
                (select e.time from events e where e.session = s.id
                    order by e.part desc, e.seq desc limit 1) as updated_at,
                case
                    when exists (select 1 from turns t where t.session = s.id
                        and t.state <> 'done' and t.awaits_approval = 1) then 'awaiting_approval'
                    when exists (select 1 from turns t where t.session = s.id
                        and t.state <> 'done' and t.state = 'running') then 'running'
                    when exists (select 1 from turns t where t.session = s.id
                        and t.state <> 'done') then 'queued'
                    when s.failed = 1 then 'failed'
                    else 'idle'
                end as state,
                exists (select 1 from turns t
                    join turns o on o.project = t.project and o.workspace = t.workspace
                    where t.session = s.id and t.state <> 'done' and t.state = 'queued'
                        and o.workspace is not null and o.state <> 'done'
                        and o.session <> s.id and o.state = 'running'
                        and o.awaits_approval = 0) as workspace_busy
            from sessions s
            """;

    private SessionRows() {}

    /// The caller begins its [Lineage] and appends its first entry in the same transaction.
    static void insert(
            Handle handle,
            SessionKey key,
            Optional<SandboxId> sandbox,
            Optional<SharedWorkspace> workspace,
            Instant createdAt) {
        handle.createUpdate(
                        """
                        insert into sessions (id, project, sandbox, workspace, created_at)
                        values (:id, :project, :sandbox, :workspace, :now)
                        """)
                .bind("workspace", workspace.map(SharedWorkspace::name).orElse(null))
                .bind("id", key.id().value())
                .bind("project", key.project().value())
                .bind("sandbox", sandbox.map(SandboxId::value).orElse(null))
                .bind("now", Micros.of(createdAt))
                .execute();
    }

    static int count(Handle handle, ProjectId project) {
        return handle.createQuery("select count(*) from sessions where project = :project")
                .bind("project", project.value())
                .mapTo(Integer.class)
                .one();
    }

    /// Fails with `SESSION_NOT_FOUND`.
    static Session require(Handle handle, SessionKey key) {
        return handle.createQuery(SELECT + "where s.id = :id and s.project = :project")
                .bind("id", key.id().value())
                .bind("project", key.project().value())
                .map((row, context) -> session(row))
                .findOne()
                .orElseThrow(key::notFound);
    }

    /// Newest first, those older than `before` in the order of creation.
    static List<Session> list(Handle handle, ProjectId project, Cursor before, int limit) {
        return handle.createQuery(
                        SELECT
                                + """
                                where s.project = :project
                                    and (s.created_at < :time or (s.created_at = :time and s.id < :id))
                                order by s.created_at desc, s.id desc limit :limit
                                """)
                .bind("project", project.value())
                .bind("time", before.micros())
                .bind("id", before.id())
                .bind("limit", limit)
                .map((row, context) -> session(row))
                .list();
    }

    /// False when there is no such session, or it has a sandbox.
    static boolean bindSandbox(Handle handle, SessionKey key, SandboxId sandbox) {
        boolean bound =
                handle.createUpdate(
                                        """
                                        update sessions set sandbox = :sandbox, pending_files = null
                                        where id = :id and project = :project and sandbox is null
                                        """)
                                .bind("sandbox", sandbox.value())
                                .bind("id", key.id().value())
                                .bind("project", key.project().value())
                                .execute()
                        == 1;
        if (bound) {
            TurnRows.inSandbox(handle, key.id());
        }
        return bound;
    }

    /// The turns go with it, and of its journal what no other session has.
    static void delete(Handle handle, SessionKey key) {
        List<String> branches = Lineage.branches(handle, key.id());
        handle.createUpdate("delete from sessions where id = :id and project = :project")
                .bind("id", key.id().value())
                .bind("project", key.project().value())
                .execute();
        Lineage.removeUnused(handle, branches);
    }

    private static Session session(ResultSet row) throws SQLException {
        var created =
                (Event.SessionCreated)
                        EventJson.parse(EventBody.SESSION_CREATED, row.getString("created"));
        @Nullable String sandbox = row.getString("sandbox");
        @Nullable String stopReason = row.getString("stop_reason");
        return new Session(
                new SessionId(row.getString("id")),
                new ProjectId(row.getString("project")),
                created.agent(),
                created.user(),
                created.metadata(),
                SessionState.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
                Optional.ofNullable(sandbox).map(SandboxId::new),
                Optional.ofNullable(stopReason)
                        .map(reason -> StopReason.valueOf(reason.toUpperCase(Locale.ROOT))),
                usage(row),
                row.getLong("last_event"),
                Micros.toInstant(row.getLong("created_at")),
                Micros.toInstant(row.getLong("updated_at")),
                row.getInt("workspace_busy") == 1);
    }

    private static Usage usage(ResultSet row) throws SQLException {
        return new Usage(
                row.getLong("input_tokens"),
                row.getLong("output_tokens"),
                row.getLong("cache_read_tokens"),
                row.getLong("cache_write_tokens"),
                row.getLong("reasoning_tokens"),
                row.getLong("unpriced_answers") == 0
                        ? Optional.of(new Cost(row.getLong("cost_pico_usd")))
                        : Optional.empty());
    }
}
