package dev.carrel.sandbox;

import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// The rows of the table of snapshots that are steps of builds: see [BuildSteps]. They become ready
/// and go as all snapshots do.
final class StepRows {
    private final Store store;

    StepRows(Store store) {
        this.store = store;
    }

    /// As being made.
    void insert(
            ProjectId project,
            SnapshotId id,
            SandboxId sandbox,
            String key,
            String image,
            Instant now) {
        long micros = Micros.of(now);
        store.write(handle ->
                handle.execute(
                        """
                        insert into snapshots
                          (id, project, sandbox, state, image, metadata, size_bytes, created_at,
                           step_key, used_at)
                        values (?, ?, ?, 'creating', ?, '{}', 0, ?, ?, ?)
                        """,
                        id.value(),
                        project.value(),
                        sandbox.value(),
                        image,
                        micros,
                        key,
                        micros));
    }

    /// The newest of this key.
    Optional<SnapshotId> find(ProjectId project, String key) {
        return store.read(handle ->
                handle.createQuery(
                                """
                                select id from snapshots
                                where project = ? and step_key = ? and state = 'ready'
                                order by created_at desc limit 1
                                """)
                        .bind(0, project.value())
                        .bind(1, key)
                        .mapTo(String.class)
                        .findOne()
                        .map(SnapshotId::new));
    }

    void touch(SnapshotId id, Instant now) {
        store.write(handle ->
                handle.execute(
                        "update snapshots set used_at = ? where id = ?",
                        Micros.of(now),
                        id.value()));
    }

    /// Older ones of a key.
    List<SnapshotId> replacedBy(ProjectId project, String key, SnapshotId kept) {
        return ids(
                """
                select id from snapshots
                where project = ? and step_key = ? and state = 'ready' and id <> ?
                """,
                project.value(),
                key,
                kept.value());
    }

    /// Those beyond the `most` that a project has used last.
    List<SnapshotId> beyond(ProjectId project, int most) {
        return ids(
                """
                select id from snapshots where project = ? and step_key is not null
                  and state = 'ready'
                order by used_at desc, id limit -1 offset ?
                """,
                project.value(),
                most);
    }

    /// Those, of one project or of all, that were used last before `before`.
    List<SnapshotId> unusedSince(Optional<ProjectId> project, Instant before) {
        String one = project.map(ProjectId::value).orElse("");
        return ids(
                """
                select id from snapshots
                where step_key is not null and state = 'ready' and used_at <= ?
                  and (? = '' or project = ?)
                """,
                Micros.of(before),
                one,
                one);
    }

    /// From now on nobody finds it, and the next server removes it; false where it is gone already.
    boolean condemn(SnapshotId id) {
        return become(id, "ready", "deleting");
    }

    /// Takes [#condemn] back.
    void spare(SnapshotId id) {
        become(id, "deleting", "ready");
    }

    private boolean become(SnapshotId id, String from, String to) {
        return store.write(handle ->
                handle.execute(
                        "update snapshots set state = ? where id = ? and state = ?",
                        to,
                        id.value(),
                        from))
                > 0;
    }

    private List<SnapshotId> ids(String query, Object... values) {
        return store.read(handle -> {
            var select = handle.createQuery(query);
            for (int i = 0; i < values.length; i++) {
                select.bind(i, values[i]);
            }
            return select.mapTo(String.class).map(SnapshotId::new).list();
        });
    }
}
