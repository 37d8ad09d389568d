package dev.carrel.api;

import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// The keys that callers have used, and the answers they got.
final class IdempotencyKeys {
    static final int PER_PROJECT_MAX = 10_000;
    static final Duration REMEMBERED = Duration.ofHours(24);

    private static final int NOT_ANSWERED = 0;

    record Slot(ProjectId project, String key) {}

    /// What is known of a request: `body` is sealed, and empty where it was not kept.
    record Known(String fingerprint, int status, Optional<String> body) {
        /// Whether the request was begun and nobody knows how it ended.
        boolean isOpen() {
            return status == NOT_ANSWERED;
        }
    }

    private final Store store;
    private final InstantSource clock;

    IdempotencyKeys(Store store, InstantSource clock) {
        this.store = store;
        this.clock = clock;
    }

    Optional<Known> find(Slot slot) {
        return store.read(handle -> find(handle, slot));
    }

    private static Optional<Known> find(Handle handle, Slot slot) {
        return handle.createQuery(
                        """
                        select fingerprint, status, body from idempotency_keys
                        where project = ? and idempotency_key = ?
                        """)
                .bind(0, slot.project.value())
                .bind(1, slot.key)
                .map((row, context) ->
                        new Known(
                                row.getString("fingerprint"),
                                row.getInt("status"),
                                Optional.of(row.getString("body")).filter(body -> !body.isEmpty())))
                .findOne();
    }

    /// Notes a request before it does anything.
    void begin(Slot slot, String fingerprint) {
        store.write(handle -> {
            prune(handle, slot.project);
            return handle.execute(
                    """
                    insert into idempotency_keys
                        (project, idempotency_key, fingerprint, status, body, created_at)
                    values (?, ?, ?, ?, '', ?)
                    """,
                    slot.project.value(),
                    slot.key,
                    fingerprint,
                    NOT_ANSWERED,
                    Micros.of(clock.instant()));
        });
    }

    void answer(Slot slot, int status, Optional<String> sealedBody) {
        store.write(handle ->
                handle.execute(
                        """
                        update idempotency_keys set status = ?, body = ?
                        where project = ? and idempotency_key = ?
                        """,
                        status,
                        sealedBody.orElse(""),
                        slot.project.value(),
                        slot.key));
    }

    /// For a request that has failed: it may be tried again.
    void forget(Slot slot) {
        store.write(handle ->
                handle.execute(
                        "delete from idempotency_keys where project = ? and idempotency_key = ?",
                        slot.project.value(),
                        slot.key));
    }

    private void prune(Handle handle, ProjectId project) {
        handle.execute(
                "delete from idempotency_keys where created_at < ?",
                Micros.of(clock.instant().minus(REMEMBERED)));
        handle.execute(
                """
                delete from idempotency_keys where project = ? and created_at <=
                    (select created_at from idempotency_keys where project = ?
                     order by created_at desc limit 1 offset ?)
                """,
                project.value(),
                project.value(),
                PER_PROJECT_MAX - 1);
    }
}
