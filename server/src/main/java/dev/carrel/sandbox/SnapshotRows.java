package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.Cursor;
import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/// The table of snapshots. A row in state `creating` or `deleting` promises that the snapshot will
/// be gone if nobody finishes; nobody is shown it. Nor are those of [StepRows] and
/// [SessionSnapshotRows].
final class SnapshotRows {
    private static final String SHOWN = " step_key is null and session is null ";
    private static final String COUNT = "select count(*) from snapshots where" + SHOWN;

    private final Store store;

    SnapshotRows(Store store) {
        this.store = store;
    }

    /// Counts and adds in one transaction, as being made. Fails with `TOO_MANY_SNAPSHOTS`.
    void insert(Snapshot snapshot) {
        store.write(handle -> {
            requireRoom(handle, snapshot.project());
            return handle.createUpdate(
                            """
                            insert into snapshots
                              (id, project, sandbox, state, name, image, metadata, size_bytes,
                               created_at)
                            values
                              (:id, :project, :sandbox, 'creating', :name, :image, :metadata, 0,
                               :created)
                            """)
                    .bind("id", snapshot.id().value())
                    .bind("project", snapshot.project().value())
                    .bind("sandbox", snapshot.sandbox().value())
                    .bind("name", snapshot.name().orElse(null))
                    .bind("image", snapshot.image())
                    .bind("metadata", SpecJson.writeMap(snapshot.metadata()))
                    .bind("created", Micros.of(snapshot.createdAt()))
                    .execute();
        });
    }

    void becomeReady(SnapshotId id, long sizeBytes) {
        store.write(handle ->
                handle.execute(
                        "update snapshots set state = 'ready', size_bytes = ? where id = ?",
                        sizeBytes,
                        id.value()));
    }

    /// False when there is none that could be deleted.
    boolean becomeDeleting(ProjectId project, SnapshotId id) {
        int changed =
                store.write(handle ->
                        handle.execute(
                                "update snapshots set state = 'deleting' where id = ?"
                                        + " and project = ? and state = 'ready' and"
                                        + SHOWN,
                                id.value(),
                                project.value()));
        return changed == 1;
    }

    void delete(SnapshotId id) {
        store.write(handle -> handle.execute("delete from snapshots where id = ?", id.value()));
    }

    Optional<Snapshot> find(ProjectId project, SnapshotId id) {
        return store.read(handle ->
                handle.createQuery(
                                "select * from snapshots where id = :id"
                                        + " and project = :project and state = 'ready' and"
                                        + SHOWN)
                        .bind("id", id.value())
                        .bind("project", project.value())
                        .map((row, context) -> snapshot(row))
                        .findOne());
    }

    /// Newest first, after `cursor`.
    List<Snapshot> list(ProjectId project, Optional<SandboxId> sandbox, int limit, Cursor cursor) {
        return store.read(handle ->
                handle.createQuery(
                                "select * from snapshots where"
                                        + SHOWN
                                        + """
                                          and project = :project and state = 'ready'
                                          and (:sandbox is null or sandbox = :sandbox)
                                          and (created_at < :micros
                                               or (created_at = :micros and id < :id))
                                        order by created_at desc, id desc limit :limit
                                        """)
                        .bind("project", project.value())
                        .bind("sandbox", sandbox.map(SandboxId::value).orElse(null))
                        .bind("micros", cursor.micros())
                        .bind("id", cursor.id())
                        .bind("limit", limit)
                        .map((row, context) -> snapshot(row))
                        .list());
    }

    /// Those that are whole, of all projects.
    Set<SnapshotId> ready() {
        return ids("select id from snapshots where state = 'ready'");
    }

    /// Those that are not to be.
    Set<SnapshotId> unfinished() {
        return ids("select id from snapshots where state <> 'ready'");
    }

    private Set<SnapshotId> ids(String query) {
        return new HashSet<>(
                store.read(handle ->
                        handle.createQuery(query).mapTo(String.class).map(SnapshotId::new).list()));
    }

    private static void requireRoom(Handle handle, ProjectId project) {
        long ofProject =
                handle.createQuery(COUNT + " and project = ?")
                        .bind(0, project.value())
                        .mapTo(Long.class)
                        .one();
        long total = handle.createQuery(COUNT).mapTo(Long.class).one();
        if (ofProject >= Snapshots.PER_PROJECT_MAX || total >= Snapshots.TOTAL_MAX) {
            throw new CarrelException(
                    ErrorCode.TOO_MANY_SNAPSHOTS,
                    ("project %s has %d snapshots of at most %d, this server %d of at most %d;"
                                    + " delete some")
                            .formatted(
                                    project,
                                    ofProject,
                                    Snapshots.PER_PROJECT_MAX,
                                    total,
                                    Snapshots.TOTAL_MAX));
        }
    }

    private static Snapshot snapshot(ResultSet row) throws SQLException {
        return new Snapshot(
                new SnapshotId(row.getString("id")),
                new ProjectId(row.getString("project")),
                new SandboxId(row.getString("sandbox")),
                Optional.ofNullable(row.getString("name")),
                row.getString("image"),
                SpecJson.readMap(row.getString("metadata")),
                row.getLong("size_bytes"),
                Micros.toInstant(row.getLong("created_at")));
    }
}
