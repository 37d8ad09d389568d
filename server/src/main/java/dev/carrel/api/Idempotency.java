package dev.carrel.api;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.Handler;
import dev.carrel.http.HttpMethod;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jdbi.v3.core.Handle;

/// Lets callers repeat a POST whose answer they did not get: the same `Idempotency-Key` with the
/// same request gives the first answer again and does nothing.
///
/// Only success is remembered: what failed has done nothing and may be tried again. An answer is
/// remembered when the call has ended, so a server that dies in between has done the work but
/// forgets the key; calls that can, derive what they make from the key (see [ExecutionRoutes]).
/// Answers are kept sealed, because some hold a secret that is stored nowhere else.
final class Idempotency {
    static final String HEADER = "Idempotency-Key";
    static final int KEY_CHARS_MAX = 255;
    static final int KEYS_PER_PROJECT_MAX = 10_000;
    static final Duration REMEMBERED = Duration.ofHours(24);

    /// Longer answers are not kept.
    static final int BODY_BYTES_MAX = 1 << 20;

    private record Slot(ProjectId project, String key) {}

    private record Answer(String fingerprint, int status, String body) {}

    private final Store store;
    private final InstantSource clock;
    private final Set<Slot> underWay = ConcurrentHashMap.newKeySet();

    Idempotency(Store store, InstantSource clock) {
        this.store = store;
        this.clock = clock;
    }

    /// The key of a request, where it has one.
    static Optional<String> key(Request request) {
        Optional<String> key = request.header(HEADER);
        key.ifPresent(text -> {
            if (text.isBlank() || text.length() > KEY_CHARS_MAX) {
                throw new CarrelException(
                        ErrorCode.INVALID_REQUEST,
                        HEADER + " must have 1 to " + KEY_CHARS_MAX + " characters");
            }
        });
        return key;
    }

    /// A POST with this promise, and with a description that says so.
    Route post(String path, RouteDoc doc, Handler handler) {
        return Route.of(
                HttpMethod.POST,
                path,
                doc.header(HEADER, "string", "Repeats are answered like the first"),
                request -> answer(request, handler));
    }

    private Response answer(Request request, Handler handler) throws InterruptedException {
        Optional<String> key = key(request);
        return key.isEmpty()
                ? handler.handle(request)
                : once(new Slot(Inputs.project(request), key.get()), request, handler);
    }

    private Response once(Slot slot, Request request, Handler handler) throws InterruptedException {
        if (request.wantsEvents()) {
            throw new CarrelException(
                    ErrorCode.INVALID_REQUEST,
                    HEADER + " works for answers in one piece, not for event streams");
        }
        if (!underWay.add(slot)) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "The first request with this " + HEADER + " is still under way; repeat later");
        }
        try {
            String fingerprint = fingerprint(request);
            Optional<Answer> known = store.read(handle -> find(handle, slot));
            if (known.isPresent()) {
                return replay(known.get(), fingerprint);
            }
            Response response = handler.handle(request);
            remember(slot, fingerprint, response);
            return response;
        } finally {
            underWay.remove(slot);
        }
    }

    private Response replay(Answer known, String fingerprint) {
        if (!known.fingerprint.equals(fingerprint)) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "This " + HEADER + " was used for a different request; take a new one");
        }
        String body =
                store.vault()
                        .open(known.body)
                        .orElseThrow(() ->
                                new CarrelException(
                                        ErrorCode.CONFLICT,
                                        "The answer to this "
                                                + HEADER
                                                + " cannot be read any more; look what the first"
                                                + " request did, then take a new one"));
        return Response.text(known.status, "application/json", body)
                .withHeader("Cache-Control", "no-store")
                .withHeader("Idempotent-Replayed", "true");
    }

    private void remember(Slot slot, String fingerprint, Response response) {
        Optional<byte[]> body = response.bytes();
        if (response.status() / 100 != 2 || body.isEmpty() || body.get().length > BODY_BYTES_MAX) {
            return;
        }
        String text = new String(body.get(), StandardCharsets.UTF_8);
        var answer = new Answer(fingerprint, response.status(), store.vault().seal(text));
        store.write(handle -> {
            prune(handle, slot.project);
            return insert(handle, slot, answer);
        });
    }

    private static Optional<Answer> find(Handle handle, Slot slot) {
        return handle.createQuery(
                        """
                        select fingerprint, status, body from idempotency_keys
                        where project = ? and idempotency_key = ?
                        """)
                .bind(0, slot.project.value())
                .bind(1, slot.key)
                .map((row, context) ->
                        new Answer(
                                row.getString("fingerprint"),
                                row.getInt("status"),
                                row.getString("body")))
                .findOne();
    }

    private int insert(Handle handle, Slot slot, Answer answer) {
        return handle.execute(
                """
                insert into idempotency_keys
                    (project, idempotency_key, fingerprint, status, body, created_at)
                values (?, ?, ?, ?, ?, ?)
                on conflict do nothing
                """,
                slot.project.value(),
                slot.key,
                answer.fingerprint,
                answer.status,
                answer.body,
                Micros.of(clock.instant()));
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
                KEYS_PER_PROJECT_MAX - 1);
    }

    private static String fingerprint(Request request) {
        MessageDigest digest = sha256();
        String head =
                request.route().method() + " " + request.route().path() + request.parameters();
        digest.update(head.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
        return HexFormat.of().formatHex(digest.digest(request.bytes()));
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
