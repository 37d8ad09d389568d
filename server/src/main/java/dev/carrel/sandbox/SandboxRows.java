package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// The table of sandboxes.
final class SandboxRows {
    private final Store store;
    private final SandboxSettings settings;

    SandboxRows(Store store, SandboxSettings settings) {
        this.store = store;
        this.settings = settings;
    }

    List<SandboxRow> all() {
        return store.read(handle ->
                handle.createQuery("select * from sandboxes order by created_at, id")
                        .map((row, context) -> row(row))
                        .list());
    }

    /// Counts and adds in one transaction. Fails with `TOO_MANY_SANDBOXES`.
    void insert(SandboxRow row) {
        store.write(handle -> {
            row.project().ifPresent(project -> requireRoom(handle, project));
            return handle.createUpdate(
                            """
                            insert into sandboxes
                              (id, project, owner, state, spec, created_at, ttl_from,
                               last_active_at)
                            values
                              (:id, :project, :owner, :state, :spec, :created, :ttlFrom, :active)
                            """)
                    .bind("id", row.id().value())
                    .bind("project", row.project().map(ProjectId::value).orElse(null))
                    .bind("owner", row.spec().owner().orElse(null))
                    .bind("state", text(row.state()))
                    .bind("spec", SpecJson.write(row.spec(), store.vault()))
                    .bind("created", Micros.of(row.createdAt()))
                    .bind("ttlFrom", Micros.of(row.ttlFrom()))
                    .bind("active", Micros.of(row.lastActiveAt()))
                    .execute();
        });
    }

    /// Makes a warm sandbox somebody's. Fails with `TOO_MANY_SANDBOXES`; then it is nobody's still.
    void take(SandboxRow row) {
        store.write(handle -> {
            row.project().ifPresent(project -> requireRoom(handle, project));
            return handle.createUpdate(
                            """
                            update sandboxes
                            set project = :project, owner = :owner, state = :state, spec = :spec,
                                pending = 1, created_at = :created, ttl_from = :ttlFrom,
                                last_active_at = :active
                            where id = :id
                            """)
                    .bind("id", row.id().value())
                    .bind("project", row.project().map(ProjectId::value).orElse(null))
                    .bind("owner", row.spec().owner().orElse(null))
                    .bind("state", text(SandboxRow.State.READY))
                    .bind("spec", SpecJson.write(row.spec(), store.vault()))
                    .bind("created", Micros.of(row.createdAt()))
                    .bind("ttlFrom", Micros.of(row.ttlFrom()))
                    .bind("active", Micros.of(row.lastActiveAt()))
                    .execute();
        });
    }

    void setState(SandboxId id, SandboxRow.State state) {
        setState(List.of(id), state);
    }

    /// Of all of them, or of none.
    void setState(List<SandboxId> ids, SandboxRow.State state) {
        store.write(handle -> {
            var batch = handle.prepareBatch("update sandboxes set state = ? where id = ?");
            ids.forEach(id -> batch.add(text(state), id.value()));
            return batch.execute().length;
        });
    }

    /// The state of one that is being deleted, and why it is, at once.
    void setDeleting(Tombstone stone) {
        store.write(handle -> {
            Tombstones.insert(handle, stone);
            return handle.execute(
                    "update sandboxes set state = ? where id = ?",
                    text(SandboxRow.State.DELETING),
                    stone.id().value());
        });
    }

    /// What it shall be; the host does not know yet.
    void setSpec(SandboxId id, SandboxSpec spec, Instant ttlFrom) {
        store.write(handle ->
                handle.execute(
                        "update sandboxes set spec = ?, ttl_from = ?, pending = 1 where id = ?",
                        SpecJson.write(spec, store.vault()),
                        Micros.of(ttlFrom),
                        id.value()));
    }

    /// The host agrees with its spec.
    void setApplied(SandboxId id) {
        store.write(handle ->
                handle.execute("update sandboxes set pending = 0 where id = ?", id.value()));
    }

    void setWhyStopped(SandboxId id, Optional<WhyStopped> why) {
        store.write(handle ->
                handle.execute(
                        "update sandboxes set stopped_because = ? where id = ?",
                        why.map(WhyStopped::wireName).orElse(null),
                        id.value()));
    }

    void setLastActive(Map<SandboxId, Instant> times) {
        store.write(handle -> {
            var batch = handle.prepareBatch("update sandboxes set last_active_at = ? where id = ?");
            times.forEach((id, time) -> batch.add(Micros.of(time), id.value()));
            return batch.execute().length;
        });
    }

    void delete(SandboxId id) {
        store.write(handle -> handle.execute("delete from sandboxes where id = ?", id.value()));
    }

    private void requireRoom(Handle handle, ProjectId project) {
        long ofProject =
                handle.createQuery("select count(*) from sandboxes where project = ?")
                        .bind(0, project.value())
                        .mapTo(Long.class)
                        .one();
        if (ofProject >= settings.perProjectMax()) {
            throw tooMany("project " + project + " has " + ofProject);
        }
        long total =
                handle.createQuery("select count(*) from sandboxes where project is not null")
                        .mapTo(Long.class)
                        .one();
        if (total >= settings.totalMax()) {
            throw tooMany("this server has " + total);
        }
    }

    private static CarrelException tooMany(String who) {
        return new CarrelException(
                ErrorCode.TOO_MANY_SANDBOXES,
                who
                        + " sandboxes, which is the limit; delete some, or give them a"
                        + " ttl_seconds so that they go by themselves");
    }

    private SandboxRow row(ResultSet row) throws SQLException {
        return new SandboxRow(
                new SandboxId(row.getString("id")),
                Optional.ofNullable(row.getString("project")).map(ProjectId::new),
                SpecJson.read(row.getString("spec"), store.vault()),
                SandboxRow.State.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
                row.getInt("pending") != 0,
                Optional.ofNullable(row.getString("stopped_because"))
                        .map(why -> WhyStopped.valueOf(why.toUpperCase(Locale.ROOT))),
                Micros.toInstant(row.getLong("created_at")),
                Micros.toInstant(row.getLong("ttl_from")),
                Micros.toInstant(row.getLong("last_active_at")));
    }

    private static String text(SandboxRow.State state) {
        return state.name().toLowerCase(Locale.ROOT);
    }
}
