package dev.carrel.session;

import dev.carrel.store.Cursor;
import dev.carrel.store.Ids;
import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import dev.carrel.tool.Memory;
import dev.carrel.tool.MemoryScope;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// The rows of memories. Everything here runs inside its caller's transaction.
final class MemoryRows {
    private MemoryRows() {}

    /// A text that is to be written. `call` is the tool call that does it.
    record Change(String text, String author, Optional<String> call, Instant time) {
        int bytes() {
            return text.getBytes(StandardCharsets.UTF_8).length;
        }
    }

    static int count(Handle handle, ProjectId project) {
        return handle.createQuery("select count(*) from memories where project = :project")
                .bind("project", project.value())
                .mapTo(Integer.class)
                .one();
    }

    static Optional<StoredMemory> find(Handle handle, ProjectId project, MemoryName name) {
        return handle.createQuery(
                        """
                        select * from memories
                        where project = :project and scope = :scope and name = :name
                        """)
                .bind("project", project.value())
                .bind("scope", name.scope().wireName())
                .bind("name", name.name())
                .map((row, context) -> memory(row))
                .findOne();
    }

    /// Newest first.
    static List<StoredMemory> list(Handle handle, ProjectId project, Cursor before, int limit) {
        return handle.createQuery(
                        """
                        select * from memories
                        where project = :project
                            and (created_at < :time or (created_at = :time and id < :id))
                        order by created_at desc, id desc limit :limit
                        """)
                .bind("project", project.value())
                .bind("time", before.micros())
                .bind("id", before.id())
                .bind("limit", limit)
                .map((row, context) -> memory(row))
                .list();
    }

    static StoredMemory insert(Handle handle, ProjectId project, MemoryName name, Change change) {
        String id = Ids.next("mem");
        handle.createUpdate(
                        """
                        insert into memories (id, project, scope, name, version, text, author,
                            created_at, updated_at)
                        values (:id, :project, :scope, :name, 1, :text, :author, :now, :now)
                        """)
                .bind("id", id)
                .bind("project", project.value())
                .bind("scope", name.scope().wireName())
                .bind("name", name.name())
                .bind("text", change.text())
                .bind("author", change.author())
                .bind("now", Micros.of(change.time()))
                .execute();
        insertVersion(handle, id, 1, change);
        return find(handle, project, name).orElseThrow();
    }

    static StoredMemory update(
            Handle handle, ProjectId project, StoredMemory memory, Change change) {
        long version = memory.version() + 1;
        handle.createUpdate(
                        """
                        update memories set version = :version, text = :text, author = :author,
                            updated_at = :now
                        where id = :id
                        """)
                .bind("id", memory.id())
                .bind("version", version)
                .bind("text", change.text())
                .bind("author", change.author())
                .bind("now", Micros.of(change.time()))
                .execute();
        insertVersion(handle, memory.id(), version, change);
        prune(handle, memory.id(), version);
        return find(handle, project, memory.name()).orElseThrow();
    }

    private static void insertVersion(Handle handle, String memory, long version, Change change) {
        handle.createUpdate(
                        """
                        insert into memory_versions
                            (memory, version, text, bytes, author, call_key, created_at)
                        values (:memory, :version, :text, :bytes, :author, :call, :now)
                        """)
                .bind("memory", memory)
                .bind("version", version)
                .bind("text", change.text())
                .bind("bytes", change.bytes())
                .bind("author", change.author())
                .bind("call", change.call().orElse(null))
                .bind("now", Micros.of(change.time()))
                .execute();
    }

    private static void prune(Handle handle, String memory, long version) {
        handle.createUpdate(
                        """
                        update memory_versions set text = null
                        where memory = :memory and version = :version
                        """)
                .bind("memory", memory)
                .bind("version", version - Memories.TEXTS_KEPT)
                .execute();
        handle.createUpdate(
                        "delete from memory_versions where memory = :memory and version = :version")
                .bind("memory", memory)
                .bind("version", version - Memories.VERSIONS_KEPT)
                .execute();
    }

    /// What a tool call has written, if it has.
    static Optional<Memory.Written> written(Handle handle, String call) {
        return handle.createQuery(
                        "select version, bytes from memory_versions where call_key = :call")
                .bind("call", call)
                .map((row, context) ->
                        new Memory.Written(row.getLong("version"), row.getInt("bytes")))
                .findOne();
    }

    /// Newest first.
    static List<StoredMemory.Version> versions(Handle handle, String memory) {
        return handle.createQuery(
                        """
                        select version, bytes, author, created_at from memory_versions
                        where memory = :memory and text is not null order by version desc
                        """)
                .bind("memory", memory)
                .map((row, context) ->
                        new StoredMemory.Version(
                                row.getLong("version"),
                                row.getLong("bytes"),
                                row.getString("author"),
                                Micros.toInstant(row.getLong("created_at"))))
                .list();
    }

    /// The memory as it was in that version.
    static Optional<StoredMemory> version(Handle handle, StoredMemory memory, long version) {
        return handle.createQuery(
                        """
                        select * from memory_versions
                        where memory = :memory and version = :version and text is not null
                        """)
                .bind("memory", memory.id())
                .bind("version", version)
                .map((row, context) ->
                        new StoredMemory(
                                memory.id(),
                                memory.name(),
                                version,
                                row.getString("text"),
                                row.getString("author"),
                                memory.createdAt(),
                                Micros.toInstant(row.getLong("created_at"))))
                .findOne();
    }

    static String seed(Handle handle, StoredMemory memory) {
        return handle.createQuery("select seed from memories where id = :id")
                .bind("id", memory.id())
                .mapTo(String.class)
                .one();
    }

    static void setSeed(Handle handle, StoredMemory memory, String seed) {
        handle.createUpdate("update memories set seed = :seed where id = :id")
                .bind("id", memory.id())
                .bind("seed", seed)
                .execute();
    }

    static void delete(Handle handle, StoredMemory memory) {
        handle.createUpdate("delete from memories where id = :id")
                .bind("id", memory.id())
                .execute();
    }

    private static StoredMemory memory(ResultSet row) throws SQLException {
        var scope = MemoryScope.of(row.getString("scope"));
        return new StoredMemory(
                row.getString("id"),
                new MemoryName(scope, row.getString("name")),
                row.getLong("version"),
                row.getString("text"),
                row.getString("author"),
                Micros.toInstant(row.getLong("created_at")),
                Micros.toInstant(row.getLong("updated_at")));
    }
}
