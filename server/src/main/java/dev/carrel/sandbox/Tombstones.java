package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// The table of deleted sandboxes. Each is kept for [#KEPT], and at most [#PER_PROJECT_MAX] of a
/// project are.
final class Tombstones {
    static final Duration KEPT = Duration.ofHours(24);
    static final int PER_PROJECT_MAX = 1000;

    private final Store store;

    Tombstones(Store store) {
        this.store = store;
    }

    /// In the transaction that begins the deletion.
    static void insert(Handle handle, Tombstone stone) {
        handle.execute(
                """
                insert into deleted_sandboxes
                    (id, project, spec, reason, created_at, last_active_at, deleted_at)
                values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing
                """,
                stone.id().value(),
                stone.project().value(),
                SpecJson.writeWithoutSecrets(stone.spec()),
                stone.reason(),
                Micros.of(stone.createdAt()),
                Micros.of(stone.lastActiveAt()),
                Micros.of(stone.deletedAt()));
        handle.execute(
                """
                delete from deleted_sandboxes where project = ? and deleted_at <=
                    (select deleted_at from deleted_sandboxes where project = ?
                     order by deleted_at desc limit 1 offset ?)
                """,
                stone.project().value(),
                stone.project().value(),
                PER_PROJECT_MAX);
    }

    void removeOld(Instant now) {
        long limit = Micros.of(now.minus(KEPT));
        boolean any =
                store.read(handle ->
                        handle.createQuery(
                                                "select count(*) from deleted_sandboxes where deleted_at <= ?")
                                        .bind(0, limit)
                                        .mapTo(Long.class)
                                        .one()
                                > 0);
        if (any) {
            store.write(handle ->
                    handle.execute("delete from deleted_sandboxes where deleted_at <= ?", limit));
        }
    }

    List<Tombstone> of(ProjectId project) {
        return store.read(handle ->
                handle.createQuery("select * from deleted_sandboxes where project = ?")
                        .bind(0, project.value())
                        .map((row, context) -> tombstone(row))
                        .list());
    }

    /// The failure of a call on a sandbox that is not there; says why, where that is known.
    CarrelException notFound(ProjectId project, SandboxId id) {
        Optional<Tombstone> stone =
                store.read(handle ->
                        handle.createQuery(
                                        "select * from deleted_sandboxes where project = ? and id = ?")
                                .bind(0, project.value())
                                .bind(1, id.value())
                                .map((row, context) -> tombstone(row))
                                .findOne());
        return stone.map(known ->
                        new CarrelException(
                                ErrorCode.SANDBOX_NOT_FOUND,
                                "sandbox %s is gone since %s: %s"
                                        .formatted(
                                                id,
                                                known.deletedAt().truncatedTo(ChronoUnit.SECONDS),
                                                known.reason())))
                .orElseGet(() -> SandboxRegistry.notFound(id));
    }

    private static Tombstone tombstone(ResultSet row) throws SQLException {
        return new Tombstone(
                new SandboxId(row.getString("id")),
                new ProjectId(row.getString("project")),
                SpecJson.read(row.getString("spec")),
                row.getString("reason"),
                Micros.toInstant(row.getLong("created_at")),
                Micros.toInstant(row.getLong("last_active_at")),
                Micros.toInstant(row.getLong("deleted_at")));
    }
}
