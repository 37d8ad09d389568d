package dev.carrel.auth;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.Cursor;
import dev.carrel.store.Ids;
import dev.carrel.store.Micros;
import dev.carrel.store.Page;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// API keys. Only a hash is stored: the key itself is shown once, when it is made.
public final class Keys {
    public static final ProjectId DEFAULT_PROJECT = new ProjectId("default");
    public static final int KEYS_PER_PROJECT_MAX = 1000;
    public static final int NAME_CHARS_MAX = 100;

    /// A stored key; `hint` is its last four characters.
    public record Key(String id, ProjectId project, String name, String hint, Instant createdAt) {}

    /// A new key with its only copy in plain text.
    public record NewKey(Key key, String secret) {
        @Override
        public String toString() {
            return "NewKey[key=" + key + ", secret=***]";
        }
    }

    private final Store store;
    private final InstantSource clock;
    private final KnownKeys known = new KnownKeys();

    public Keys(Store store, InstantSource clock) {
        this.store = store;
        this.clock = clock;
    }

    /// Makes the project `default` if there is no project.
    public ProjectId ensureDefaultProject() {
        Optional<ProjectId> oldest = store.read(Keys::oldestProject);
        return oldest.orElseGet(() -> {
            ensureProject(DEFAULT_PROJECT);
            return DEFAULT_PROJECT;
        });
    }

    /// Makes the project unless it exists.
    public void ensureProject(ProjectId project) {
        long now = Micros.of(clock.instant());
        store.write(handle ->
                handle.execute(
                        """
                        insert into projects (id, created_at) values (?, ?)
                        on conflict (id) do nothing
                        """,
                        project.value(),
                        now));
    }

    /// Fails with `NOT_FOUND` for a project that does not exist, `INVALID_REQUEST` for a name that
    /// is empty, too long or not printable, `CONFLICT` beyond the limit of keys.
    public NewKey create(ProjectId project, String name) {
        checkName(name);
        String secret = KeySecret.next();
        var key =
                new Key(
                        Ids.next("key"),
                        project,
                        name,
                        KeySecret.hint(secret),
                        Micros.toInstant(Micros.of(clock.instant())));
        store.write(handle -> insert(handle, key, KeySecret.hash(secret)));
        return new NewKey(key, secret);
    }

    /// Newest first.
    public Page<Key> list(ProjectId project, int limit, Optional<String> cursor) {
        Page.checkLimit(limit);
        Cursor after = Cursor.parse(cursor);
        List<Key> rows = store.read(handle -> select(handle, project, limit + 1, after));
        return Page.of(rows, limit, key -> Cursor.of(key.createdAt(), key.id()));
    }

    /// Takes effect at once. Fails with `KEY_NOT_FOUND`.
    public void revoke(ProjectId project, String keyId) {
        int rows =
                store.write(handle ->
                        handle.execute(
                                "delete from api_keys where project = ? and id = ?",
                                project.value(),
                                keyId));
        known.clear();
        if (rows == 0) {
            throw new CarrelException(
                    ErrorCode.KEY_NOT_FOUND,
                    "there is no such key in this project; list the keys to see their ids");
        }
    }

    /// Whether `text` has the form of a key, valid or not: then it is nobody else's to see.
    public static boolean looksLikeKey(String text) {
        return text.startsWith(KeySecret.PREFIX);
    }

    /// Empty for anything but a valid key.
    public Optional<Principal> authenticate(String secret) {
        if (!KeySecret.isShaped(secret)) {
            return Optional.empty();
        }
        String hash = KeySecret.hash(secret);
        Optional<Principal> remembered = known.get(hash);
        if (remembered.isPresent()) {
            return remembered;
        }
        long generation = known.generation();
        Optional<Principal> found = store.read(handle -> find(handle, hash));
        found.ifPresent(principal -> known.put(hash, principal, generation));
        return found;
    }

    private static Optional<ProjectId> oldestProject(Handle handle) {
        return handle.createQuery("select id from projects order by created_at, id limit 1")
                .map((row, context) -> new ProjectId(row.getString("id")))
                .findOne();
    }

    private static int insert(Handle handle, Key key, String hash) {
        String project = key.project().value();
        if (count(handle, "select count(*) from projects where id = ?", project) == 0) {
            throw new CarrelException(ErrorCode.NOT_FOUND, "there is no project named " + project);
        }
        String held = "select count(*) from api_keys where project = ?";
        if (count(handle, held, project) >= KEYS_PER_PROJECT_MAX) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "project "
                            + project
                            + " has "
                            + KEYS_PER_PROJECT_MAX
                            + " keys, which is the limit; revoke one first");
        }
        return handle.execute(
                """
                insert into api_keys (id, project, name, hint, secret_hash, created_at)
                values (?, ?, ?, ?, ?, ?)
                """,
                key.id(),
                project,
                key.name(),
                key.hint(),
                hash,
                Micros.of(key.createdAt()));
    }

    private static long count(Handle handle, String sql, String project) {
        return handle.createQuery(sql).bind(0, project).mapTo(Long.class).one();
    }

    private static List<Key> select(Handle handle, ProjectId project, int limit, Cursor after) {
        return handle.createQuery(
                        """
                        select * from api_keys
                        where project = :project
                          and (created_at < :micros or (created_at = :micros and id < :id))
                        order by created_at desc, id desc
                        limit :limit
                        """)
                .bind("project", project.value())
                .bind("micros", after.micros())
                .bind("id", after.id())
                .bind("limit", limit)
                .map((row, context) -> key(row))
                .list();
    }

    private static Key key(ResultSet row) throws SQLException {
        return new Key(
                row.getString("id"),
                new ProjectId(row.getString("project")),
                row.getString("name"),
                row.getString("hint"),
                Micros.toInstant(row.getLong("created_at")));
    }

    private static Optional<Principal> find(Handle handle, String hash) {
        return handle.createQuery("select id, project from api_keys where secret_hash = ?")
                .bind(0, hash)
                .map((row, context) ->
                        new Principal(new ProjectId(row.getString("project")), row.getString("id")))
                .findOne();
    }

    private static void checkName(String name) {
        if (name.isBlank()
                || name.length() > NAME_CHARS_MAX
                || name.chars().anyMatch(Character::isISOControl)) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "name",
                    "name must have 1 to " + NAME_CHARS_MAX + " printable characters");
        }
    }
}
