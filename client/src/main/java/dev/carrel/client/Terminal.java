package dev.carrel.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.ExecutionInfo;
import dev.carrel.wire.Json;
import dev.carrel.wire.TerminalMessage;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/// One connection to a terminal of a sandbox, which outlives it. Any thread types; what the
/// terminal shows comes on a thread of the client's.
public final class Terminal implements AutoCloseable {
    private static final Duration CONNECT_MAX = Duration.ofSeconds(70);
    private static final int PIECE_BYTES = 1 << 15;

    /// What a terminal tells; the calls come one after the other.
    public interface Listener {
        /// First of all: its id, and the place in its output of the byte that comes next.
        void begun(String id, long from);

        void output(byte[] bytes);

        void ended(ExecutionInfo exit);

        /// Last of all. After [#ended], or the connection has ended and the terminal goes on.
        void closed(int code, String reason);
    }

    private final WebSocket socket;

    private Terminal(WebSocket socket) {
        this.socket = socket;
    }

    /// Fails with the server's status when it refuses, which comes without its words.
    static Terminal open(CompletableFuture<WebSocket> opening) {
        try {
            return new Terminal(
                    opening.orTimeout(CONNECT_MAX.toSeconds(), TimeUnit.SECONDS).join());
        } catch (CompletionException e) {
            if (e.getCause() instanceof WebSocketHandshakeException refused) {
                throw refusal(refused.getResponse().statusCode(), refused);
            }
            throw new UnreachableException("Cannot open the terminal: " + e.getCause(), e);
        }
    }

    private static CarrelException refusal(int status, Throwable cause) {
        ErrorCode code =
                switch (status) {
                    case 401 -> ErrorCode.UNAUTHORIZED;
                    case 404 -> ErrorCode.NOT_FOUND;
                    case 409 -> ErrorCode.SANDBOX_NOT_RUNNING;
                    case 429 -> ErrorCode.TOO_MANY_EXECUTIONS;
                    case 503 -> ErrorCode.UNAVAILABLE;
                    default ->
                            status / 100 == 4
                                    ? ErrorCode.INVALID_REQUEST
                                    : ErrorCode.INTERNAL_ERROR;
                };
        String what =
                switch (status) {
                    case 404 -> "there is no such sandbox or terminal";
                    case 409 -> "the sandbox is being paused, stopped or deleted";
                    default -> "the server refuses it";
                };
        return new CarrelException(code, "No terminal: %s (%d)".formatted(what, status), cause);
    }

    /// Passes on what comes to `listener`.
    static WebSocket.Listener ears(Listener listener) {
        return new Ears(listener);
    }

    /// Waits until it is on the way. Fails with [UnreachableException].
    public void type(byte[] bytes) {
        for (int start = 0; start < bytes.length; start += PIECE_BYTES) {
            int size = Math.min(PIECE_BYTES, bytes.length - start);
            send(socket.sendBinary(ByteBuffer.wrap(bytes, start, size), true));
        }
    }

    public void type(String text) {
        type(text.getBytes(StandardCharsets.UTF_8));
    }

    public void resize(int cols, int rows) {
        String text = "{\"resize\":{\"cols\":%d,\"rows\":%d}}".formatted(cols, rows);
        send(socket.sendText(text, true));
    }

    private static void send(CompletableFuture<WebSocket> sending) {
        try {
            sending.orTimeout(CONNECT_MAX.toSeconds(), TimeUnit.SECONDS).join();
        } catch (CompletionException e) {
            throw new UnreachableException("the connection to the terminal has ended", e);
        }
    }

    /// Leaves the terminal as it is.
    @Override
    public void close() {
        socket.sendClose(WebSocket.NORMAL_CLOSURE, "").exceptionally(gone -> socket);
    }

    /// Puts messages together that come in parts.
    private static final class Ears implements WebSocket.Listener {
        private final Listener listener;
        private final StringBuilder text = new StringBuilder();

        Ears(Listener listener) {
            this.listener = listener;
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
            var bytes = new byte[data.remaining()];
            data.get(bytes);
            listener.output(bytes);
            socket.request(1);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                tell(text.toString());
                text.setLength(0);
            }
            socket.request(1);
            return CompletableFuture.completedFuture(null);
        }

        private void tell(String json) {
            try {
                TerminalMessage message = Json.lenient().readValue(json, TerminalMessage.class);
                message.terminal().ifPresent(id -> listener.begun(id, message.from().orElse(0L)));
                message.exit().ifPresent(listener::ended);
            } catch (JsonProcessingException e) {
                throw new IllegalStateException("not a terminal's message", e);
            }
        }

        @Override
        public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            listener.closed(code, reason);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            listener.closed(1006, String.valueOf(error.getMessage()));
        }
    }
}
