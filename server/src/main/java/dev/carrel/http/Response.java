package dev.carrel.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.carrel.wire.Json;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// An answer that is ready to be sent.
public record Response(int status, Map<String, String> headers, Body body) {
    /// What follows the head.
    sealed interface Body {
        /// Held in memory, never changed.
        final class Bytes implements Body {
            private final byte[] bytes;

            Bytes(byte[] bytes) {
                this.bytes = bytes;
            }

            byte[] bytes() {
                return bytes;
            }
        }

        /// Closed when sent, or when sending failed.
        record Streamed(InputStream bytes, OptionalLong length) implements Body {}

        record Events(EventStream events) implements Body {}

        record Written(BodyWriter writer) implements Body {}

        record Awaited(AwaitedAnswer answer) implements Body {}

        record Socket(WebSocketHandler handler) implements Body {}
    }

    /// Serializes `value` as the API's JSON.
    public static Response json(int status, Object value) {
        try {
            byte[] bytes = Json.strict().writeValueAsBytes(value);
            return bytes(status, "application/json", bytes);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot write " + value.getClass() + " as JSON", e);
        }
    }

    public static Response text(int status, String contentType, String text) {
        return bytes(status, contentType, text.getBytes(StandardCharsets.UTF_8));
    }

    public static Response bytes(int status, String contentType, byte[] bytes) {
        return new Response(status, Map.of("Content-Type", contentType), new Body.Bytes(bytes));
    }

    public static Response noContent() {
        return new Response(204, Map.of(), new Body.Bytes(new byte[0]));
    }

    /// Sends `bytes` as they come; with a `length` the client notices when some are missing.
    public static Response stream(String contentType, InputStream bytes, OptionalLong length) {
        return new Response(
                200, Map.of("Content-Type", contentType), new Body.Streamed(bytes, length));
    }

    /// Sends what `writer` writes, as it comes. Its failure is an ordinary error answer as long as
    /// no more than a few kilobytes were written; later the answer breaks off.
    public static Response written(String contentType, BodyWriter writer) {
        return new Response(200, Map.of("Content-Type", contentType), new Body.Written(writer));
    }

    public static Response events(EventStream events) {
        return new Response(
                200,
                Map.of(
                        "Content-Type", "text/event-stream; charset=utf-8",
                        "Cache-Control", "no-store",
                        "X-Accel-Buffering", "no"),
                new Body.Events(events));
    }

    /// What `answer` makes, which ends early when nobody waits for it any more. The connection is
    /// closed after it. The request's body must have been read before, and the answer that is made
    /// be held in memory.
    public static Response awaited(AwaitedAnswer answer) {
        return new Response(200, Map.of(), new Body.Awaited(answer));
    }

    public Response withStatus(int other) {
        return new Response(other, headers, body);
    }

    /// Fails with `UPGRADE_REQUIRED` when the request asks for no WebSocket.
    public static void requireWebSocket(Request request) {
        WebSocketHandshake.accept(request);
    }

    /// Makes a WebSocket of the request's connection. Fails with `UPGRADE_REQUIRED` when the
    /// request asks for none; whatever else there is to refuse is best refused before.
    public static Response webSocket(Request request, WebSocketHandler handler) {
        var headers = new LinkedHashMap<String, String>();
        headers.put("Upgrade", "websocket");
        headers.put("Connection", "Upgrade");
        headers.put("Sec-WebSocket-Accept", WebSocketHandshake.accept(request));
        WebSocketHandshake.protocol(request)
                .ifPresent(name -> headers.put("Sec-WebSocket-Protocol", name));
        return new Response(101, headers, new Body.Socket(handler));
    }

    public Response withHeader(String name, String value) {
        var more = new LinkedHashMap<>(headers);
        more.put(name, value);
        return new Response(status, more, body);
    }

    /// The body of an answer that is held in memory; empty for one that is streamed.
    public Optional<byte[]> bytes() {
        return switch (body) {
            case Body.Bytes held -> Optional.of(held.bytes());
            case Body.Streamed _, Body.Events _, Body.Written _, Body.Awaited _, Body.Socket _ ->
                    Optional.empty();
        };
    }
}
