package dev.carrel.client;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.Json;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.util.Optional;

/// The chunks of a streamed chat completion, as the server sends them. The turn goes on when the
/// stream is closed early. Used by one thread.
public final class ChatStream implements AutoCloseable {
    private static final String DONE = "[DONE]";

    private final HttpResponse<InputStream> response;
    private final SseReader reader;

    ChatStream(HttpResponse<InputStream> response) {
        this.response = response;
        this.reader = new SseReader(response.body());
    }

    public String sessionId() {
        return response.headers().firstValue("x-session-id").orElse("");
    }

    public String turnId() {
        return response.headers().firstValue("x-turn-id").orElse("");
    }

    /// The next chunk; empty once all have been read. Fails with what the server says when the turn
    /// fails, and with [UnreachableException] when the connection breaks before the end.
    public Optional<JsonNode> next() {
        try {
            SseReader.Item item =
                    reader.next().orElseThrow(() -> new IOException("the stream broke off"));
            if (item.data().equals(DONE)) {
                return Optional.empty();
            }
            JsonNode chunk = Json.lenient().readTree(item.data());
            if (chunk.hasNonNull("error")) {
                throw failure(chunk);
            }
            return Optional.of(chunk);
        } catch (IOException e) {
            throw new UnreachableException(
                    "The stream of session "
                            + sessionId()
                            + " broke off; the turn goes on in the server",
                    e);
        }
    }

    private static CarrelException failure(JsonNode chunk) {
        JsonNode error = chunk.path("error");
        for (ErrorCode code : ErrorCode.values()) {
            if (code.wireName().equals(error.path("code").asText())) {
                return new CarrelException(code, error.path("message").asText());
            }
        }
        return new CarrelException(ErrorCode.INTERNAL_ERROR, error.path("message").asText());
    }

    @Override
    public void close() {
        try {
            reader.close();
        } catch (IOException e) {
            // Nothing is read from it any more.
        }
    }
}
