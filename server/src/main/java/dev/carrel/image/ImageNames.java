package dev.carrel.image;

import dev.carrel.image.ImageEntry.Kind;
import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// The table of images: what their names mean to a project. That a project has a row is also its
/// permission to use the image.
final class ImageNames {
    private final Store store;

    ImageNames(Store store) {
        this.store = store;
    }

    record Row(String name, Digest digest, Kind kind, Instant createdAt) {}

    Optional<Row> find(ProjectId project, String name) {
        return store.read(handle ->
                handle.createQuery("select * from images where project = ? and name = ?")
                        .bind(0, project.value())
                        .bind(1, name)
                        .map((row, context) -> row(row))
                        .findOne());
    }

    List<Row> all(ProjectId project) {
        return store.read(handle ->
                handle.createQuery("select * from images where project = ? order by name")
                        .bind(0, project.value())
                        .map((row, context) -> row(row))
                        .list());
    }

    /// From now on the name means this.
    void put(ProjectId project, Row row) {
        store.write(handle ->
                handle.execute(
                        """
                        insert into images (project, name, digest, kind, created_at)
                        values (?, ?, ?, ?, ?)
                        on conflict (project, name) do update set
                            digest = excluded.digest, kind = excluded.kind,
                            created_at = excluded.created_at
                        """,
                        project.value(),
                        row.name(),
                        row.digest().toString(),
                        row.kind().name().toLowerCase(Locale.ROOT),
                        Micros.of(row.createdAt())));
    }

    /// Whether there was one.
    boolean remove(ProjectId project, String name) {
        return store.write(handle ->
                handle.execute(
                        "delete from images where project = ? and name = ?", project.value(), name))
                > 0;
    }

    /// What has been built, and cannot be had again.
    Set<Digest> built() {
        return store.read(handle ->
                handle.createQuery("select * from images where kind = 'built'")
                        .map((row, context) -> row(row).digest())
                        .set());
    }

    /// What has a name in any other project, or has got one in this project since then.
    Set<Digest> ofOthersOrSince(ProjectId project, Instant then) {
        return store.read(handle ->
                handle.createQuery("select * from images where project <> ? or created_at > ?")
                        .bind(0, project.value())
                        .bind(1, Micros.of(then))
                        .map((row, context) -> row(row).digest())
                        .set());
    }

    /// Forgets all names of an image that was pulled.
    void forget(Digest digest) {
        store.write(
                handle -> handle.execute("delete from images where digest = ?", digest.toString()));
    }

    private static Row row(ResultSet row) throws SQLException {
        return new Row(
                row.getString("name"),
                Digest.parse(row.getString("digest")).orElseThrow(),
                Kind.valueOf(row.getString("kind").toUpperCase(Locale.ROOT)),
                Micros.toInstant(row.getLong("created_at")));
    }
}
