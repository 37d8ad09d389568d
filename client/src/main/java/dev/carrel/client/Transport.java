package dev.carrel.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.ErrorBody;
import dev.carrel.wire.Json;
import dev.carrel.wire.Listing;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;

/// Sends requests and turns answers that are no success into exceptions. Any thread may use it.
final class Transport {
    private static final Duration CONNECT_MAX = Duration.ofSeconds(10);
    private static final int ERROR_BYTES_MAX = 1 << 20;

    private final URI base;
    private final String key;
    private final HttpClient http =
            HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .connectTimeout(CONNECT_MAX)
                    .build();

    Transport(URI base, String key) {
        this.base = base;
        this.key = key;
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(base.toString().replaceFirst("/+$", "") + path))
                .header("Authorization", "Bearer " + key);
    }

    /// Opens a WebSocket.
    CompletableFuture<WebSocket> socket(String path, WebSocket.Listener listener) {
        String root = base.toString().replaceFirst("/+$", "").replaceFirst("^http", "ws");
        return http.newWebSocketBuilder()
                .connectTimeout(CONNECT_MAX)
                .header("Authorization", "Bearer " + key)
                .buildAsync(URI.create(root + path), listener);
    }

    /// The body of a successful answer; the caller closes it. `wait` bounds the time until the
    /// answer's head is there.
    HttpResponse<InputStream> open(HttpRequest.Builder request, Duration wait) {
        HttpResponse<InputStream> response = send(request.timeout(wait).build(), wait);
        if (response.statusCode() / 100 == 2) {
            return response;
        }
        try (InputStream body = response.body()) {
            throw failure(response.statusCode(), body.readNBytes(ERROR_BYTES_MAX));
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    <T> T read(HttpRequest.Builder request, Duration wait, Class<T> type) {
        return read(request, wait, Json.lenient().readerFor(type));
    }

    <T> Listing<T> readList(HttpRequest.Builder request, Duration wait, Class<T> item) {
        JavaType type =
                Json.lenient().getTypeFactory().constructParametricType(Listing.class, item);
        return read(request, wait, Json.lenient().readerFor(type));
    }

    @SuppressWarnings("TypeParameterUnusedInFormals") // the reader knows its type, Java does not
    private <T> T read(HttpRequest.Builder request, Duration wait, ObjectReader reader) {
        try (InputStream body = open(request, wait).body()) {
            return reader.readValue(body);
        } catch (JsonProcessingException e) {
            throw new CarrelException(
                    ErrorCode.INTERNAL_ERROR,
                    base + " answered something that is not Carrel's API",
                    e);
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    private HttpResponse<InputStream> send(HttpRequest request, Duration wait) {
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofInputStream());
        } catch (HttpTimeoutException e) {
            throw new UnreachableException(
                    base + " did not answer within " + wait.toSeconds() + " seconds", e);
        } catch (IOException e) {
            throw unreachable(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnreachableException("interrupted while waiting for " + base, e);
        }
    }

    UnreachableException unreachable(IOException e) {
        return new UnreachableException(
                "Cannot reach the server at " + base + ": is it running? (carrel start)", e);
    }

    static BodyPublisher json(Object body) {
        try {
            return HttpRequest.BodyPublishers.ofByteArray(Json.strict().writeValueAsBytes(body));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("cannot write the request as JSON", e);
        }
    }

    static CarrelException failure(int status, byte[] body) {
        try {
            return failure(Json.lenient().readValue(body, ErrorBody.class).error());
        } catch (IOException e) {
            String text = new String(body, 0, Math.min(body.length, 200), StandardCharsets.UTF_8);
            return new CarrelException(
                    ErrorCode.INTERNAL_ERROR,
                    "The server answered " + status + ": " + text.replaceAll("\\s+", " "),
                    e);
        }
    }

    private static CarrelException failure(ErrorBody.Details error) {
        ErrorCode code = code(error.code());
        return error.param()
                .map(param -> CarrelException.ofParam(code, param, error.message()))
                .orElseGet(() -> new CarrelException(code, error.message()));
    }

    /// A code that a newer server made up is at least an error.
    private static ErrorCode code(String name) {
        try {
            return ErrorCode.valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            return ErrorCode.INTERNAL_ERROR;
        }
    }
}
