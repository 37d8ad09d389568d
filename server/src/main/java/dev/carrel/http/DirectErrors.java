package dev.carrel.http;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import org.jspecify.annotations.Nullable;

/// Answers to what never became a request: a broken request line, headers that are too long.
final class DirectErrors {
    private DirectErrors() {}

    static DirectHandler.TransportResponse response(
            Status status, ServerResponseHeaders headers, @Nullable String message) {
        String id = RequestIds.next();
        ErrorCode code =
                status.code() >= 500 ? ErrorCode.INTERNAL_ERROR : ErrorCode.INVALID_REQUEST;
        String text = "The request is not valid HTTP/1.1" + (message == null ? "" : ": " + message);
        byte[] body =
                ErrorBodies.response(new CarrelException(code, text), id).bytes().orElseThrow();
        headers.set(HeaderNames.CONTENT_TYPE, "application/json");
        headers.set(HeaderNames.create("x-request-id"), id);
        return DirectHandler.TransportResponse.builder()
                .status(status)
                .headers(headers)
                .entity(body)
                .keepAlive(false)
                .build();
    }
}
