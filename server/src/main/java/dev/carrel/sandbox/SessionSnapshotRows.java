package dev.carrel.sandbox;

import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The rows of the table of snapshots that sessions go back to: see [SessionSnapshots]. They go as
/// all snapshots do.
final class SessionSnapshotRows {
    private final Store store;

    SessionSnapshotRows(Store store) {
        this.store = store;
    }

    void insert(
            ProjectId project,
            SnapshotId id,
            LiveSandbox sandbox,
            String session,
            long bytes,
            Instant now) {
        store.write(handle ->
                handle.execute(
                        """
                        insert into snapshots
                          (id, project, sandbox, state, image, metadata, size_bytes, created_at,
                           session)
                        values (?, ?, ?, 'ready', ?, '{}', ?, ?, ?)
                        """,
                        id.value(),
                        project.value(),
                        sandbox.id().value(),
                        sandbox.spec().image(),
                        bytes,
                        Micros.of(now),
                        session));
    }

    /// Changes the state of all of them at once.
    void mark(Collection<SnapshotId> ids, String state) {
        update("update snapshots set state = ? where id = ?", ids, state);
    }

    void give(Collection<SnapshotId> ids, String session) {
        update("update snapshots set session = ? where id = ?", ids, session);
    }

    private void update(String statement, Collection<SnapshotId> ids, String value) {
        if (ids.isEmpty()) {
            return;
        }
        store.write(handle -> {
            var batch = handle.prepareBatch(statement);
            ids.forEach(id -> batch.add(value, id.value()));
            return batch.execute().length;
        });
    }

    Optional<SessionSnapshot> find(ProjectId project, SnapshotId id) {
        return store.read(handle ->
                handle.createQuery(
                                """
                                select * from snapshots
                                where id = ? and project = ? and state = 'ready'
                                  and session is not null
                                """)
                        .bind(0, id.value())
                        .bind(1, project.value())
                        .map((row, context) -> snapshot(row))
                        .findOne());
    }

    /// Newest first.
    List<SessionSnapshot> of(String session) {
        return list("session", session);
    }

    /// Of all sessions that have worked in it, newest first.
    List<SessionSnapshot> of(SandboxId sandbox) {
        return list("session is not null and sandbox", sandbox.value());
    }

    private List<SessionSnapshot> list(String condition, String value) {
        return store.read(handle ->
                handle.createQuery(
                                """
                                select * from snapshots where %s = ? and state = 'ready'
                                order by created_at desc, id desc
                                """
                                        .formatted(condition))
                        .bind(0, value)
                        .map((row, context) -> snapshot(row))
                        .list());
    }

    /// The oldest of those beyond `most`, over all sessions.
    List<SnapshotId> beyond(int most) {
        return store.read(handle ->
                handle.createQuery(
                                """
                                select id from snapshots
                                where session is not null and state = 'ready'
                                order by created_at desc, id limit -1 offset ?
                                """)
                        .bind(0, most)
                        .mapTo(String.class)
                        .map(SnapshotId::new)
                        .list());
    }

    Set<String> sessions() {
        return new HashSet<>(
                store.read(handle ->
                        handle.createQuery(
                                        """
                                        select distinct session from snapshots
                                        where session is not null and state = 'ready'
                                        """)
                                .mapTo(String.class)
                                .list()));
    }

    private static SessionSnapshot snapshot(ResultSet row) throws SQLException {
        return new SessionSnapshot(
                new SnapshotId(row.getString("id")),
                row.getString("image"),
                Micros.toInstant(row.getLong("created_at")));
    }
}
