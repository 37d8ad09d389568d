package dev.carrel.build;

import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.time.Instant;
import java.util.Optional;

/// The table of builds: which image a project has got out of which instructions and files.
final class BuildTable {
    private final Store store;

    BuildTable(Store store) {
        this.store = store;
    }

    /// The digest of the image, which may be gone.
    Optional<String> find(ProjectId project, StepKey key) {
        return store.read(handle ->
                handle.createQuery("select digest from builds where project = ? and build_key = ?")
                        .bind(0, project.value())
                        .bind(1, key.hex())
                        .mapTo(String.class)
                        .findOne());
    }

    void put(ProjectId project, StepKey key, String digest, Instant now) {
        store.write(handle ->
                handle.execute(
                        """
                        insert into builds (project, build_key, digest, created_at)
                        values (?, ?, ?, ?)
                        on conflict (project, build_key) do update set
                            digest = excluded.digest, created_at = excluded.created_at
                        """,
                        project.value(),
                        key.hex(),
                        digest,
                        Micros.of(now)));
    }

    void removeBefore(Instant before) {
        store.write(handle ->
                handle.execute("delete from builds where created_at <= ?", Micros.of(before)));
    }
}
