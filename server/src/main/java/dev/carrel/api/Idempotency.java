package dev.carrel.api;

import dev.carrel.api.IdempotencyKeys.Known;
import dev.carrel.api.IdempotencyKeys.Slot;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.Handler;
import dev.carrel.http.HttpMethod;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Lets callers repeat a POST whose answer they did not get: the same `Idempotency-Key` with the
/// same request gives the first answer again and does nothing.
///
/// A key and its request are noted before anything is done, so that no failure makes it be done
/// twice: where the answer is lost, a repeat is told so, or finds what the first one made. What has
/// failed may be tried again. Answers are kept sealed, because some hold a secret that is stored
/// nowhere else.
final class Idempotency {
    static final String HEADER = "Idempotency-Key";
    static final int KEY_CHARS_MAX = 255;

    /// Longer answers are not kept.
    static final int BODY_BYTES_MAX = 1 << 20;

    private static final Logger LOG = LoggerFactory.getLogger(Idempotency.class);

    /// What a handler does that is called again for the same key.
    private enum Again {
        /// All of it, a second time.
        REPEATS,
        /// Nothing: it finds what it made by an id that follows from the key.
        FINDS
    }

    private record Call(Request request, Slot slot, Handler handler, Again again) {}

    private final Store store;
    private final IdempotencyKeys keys;
    private final Set<Slot> underWay = ConcurrentHashMap.newKeySet();

    Idempotency(Store store, InstantSource clock) {
        this.store = store;
        this.keys = new IdempotencyKeys(store, clock);
    }

    /// The key of a request, where it has one.
    private static Optional<String> key(Request request) {
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

    /// A name, of 64 hex digits, for what a request with a key makes: the same for its repeats, and
    /// for no other request, whatever key that has.
    static Optional<String> nameOf(Request request) {
        return key(request)
                .map(key -> {
                    MessageDigest digest = sha256();
                    String text = Inputs.project(request).value() + "\n" + key + "\n";
                    digest.update(text.getBytes(StandardCharsets.UTF_8));
                    digest.update(fingerprint(request).getBytes(StandardCharsets.UTF_8));
                    return HexFormat.of().formatHex(digest.digest());
                });
    }

    /// A POST with this promise, and with a description that says so.
    Route post(String path, RouteDoc doc, Handler handler) {
        return post(path, doc, handler, Again.REPEATS);
    }

    /// The same for a handler that finds what it made before, by [#nameOf].
    Route postThatFinds(String path, RouteDoc doc, Handler handler) {
        return post(path, doc, handler, Again.FINDS);
    }

    private Route post(String path, RouteDoc doc, Handler handler, Again again) {
        return Route.of(
                HttpMethod.POST,
                path,
                doc.header(HEADER, "string", "Repeats are answered like the first"),
                request -> answer(request, handler, again));
    }

    private Response answer(Request request, Handler handler, Again again)
            throws InterruptedException {
        Optional<String> key = key(request);
        if (key.isEmpty()) {
            return handler.handle(request);
        }
        if (request.wantsEvents()) {
            throw new CarrelException(
                    ErrorCode.INVALID_REQUEST,
                    HEADER + " works for answers in one piece, not for event streams");
        }
        ProjectId project = Inputs.project(request);
        return alone(new Call(request, new Slot(project, key.get()), handler, again));
    }

    private Response alone(Call call) throws InterruptedException {
        if (!underWay.add(call.slot)) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "The first request with this " + HEADER + " is still under way; repeat later");
        }
        try {
            return once(call);
        } finally {
            underWay.remove(call.slot);
        }
    }

    private Response once(Call call) throws InterruptedException {
        String fingerprint = fingerprint(call.request);
        Optional<Known> known = keys.find(call.slot);
        if (known.isEmpty()) {
            keys.begin(call.slot, fingerprint);
            return handle(call);
        }
        if (!known.get().fingerprint().equals(fingerprint)) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "This " + HEADER + " was used for a different request; take a new one");
        }
        if (known.get().body().isPresent()) {
            return replay(known.get().status(), known.get().body().get());
        }
        if (call.again == Again.FINDS) {
            return handle(call);
        }
        throw lost(
                known.get().isOpen()
                        ? "The first request with this %s was cut off, done or not"
                        : "The answer to the first request with this %s was too long to be kept");
    }

    private static CarrelException lost(String what) {
        return new CarrelException(
                ErrorCode.CONFLICT,
                what.formatted(HEADER) + "; look what it has made, then take a new key");
    }

    private Response handle(Call call) throws InterruptedException {
        Response response;
        try {
            response = call.handler.handle(call.request);
        } catch (RuntimeException e) {
            forget(call.slot, e);
            throw e;
        }
        remember(call.slot, response);
        return response;
    }

    private void forget(Slot slot, RuntimeException why) {
        try {
            keys.forget(slot);
        } catch (CarrelException e) {
            why.addSuppressed(e); // a repeat is told that nobody knows
        }
    }

    /// Never fails: the work is done, and whoever waits for the answer shall have it.
    private void remember(Slot slot, Response response) {
        Optional<String> body =
                response.bytes()
                        .filter(bytes -> bytes.length <= BODY_BYTES_MAX)
                        .map(bytes ->
                                store.vault().seal(new String(bytes, StandardCharsets.UTF_8)));
        try {
            keys.answer(slot, response.status(), body);
        } catch (CarrelException e) {
            LOG.warn("an answer could not be kept for repeats: {}", e.getMessage());
        }
    }

    private Response replay(int status, String sealed) {
        String body =
                store.vault()
                        .open(sealed)
                        .orElseThrow(() -> lost("The answer to this %s cannot be read any more"));
        return Response.text(status, "application/json", body)
                .withHeader("Cache-Control", "no-store")
                .withHeader("Idempotent-Replayed", "true");
    }

    private static String fingerprint(Request request) {
        MessageDigest digest = sha256();
        String head =
                request.route().method()
                        + " "
                        + request.route().path()
                        + sorted(request.parameters())
                        + (request.query().isEmpty() ? "" : sorted(request.query()));
        digest.update(head.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
        return HexFormat.of().formatHex(digest.digest(request.bytes()));
    }

    private static Map<String, String> sorted(Map<String, String> values) {
        return new TreeMap<>(values);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
