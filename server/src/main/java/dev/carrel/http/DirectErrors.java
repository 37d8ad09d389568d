package dev.carrel.http;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import org.jspecify.annotations.Nullable;

/// Answers to what never became a request (a broken request line, headers that are too long), and
/// to what broke the handling of one beyond repair: those are in Helidon's log.
final class DirectErrors {
    private DirectErrors() {}

    static DirectHandler.TransportResponse response(
            Status status, ServerResponseHeaders headers, @Nullable String message) {
        String id = RequestIds.next();
        byte[] body = ErrorBodies.response(error(status, message), id).bytes().orElseThrow();
        headers.set(HeaderNames.CONTENT_TYPE, "application/json");
        headers.set(HeaderNames.create("x-request-id"), id);
        return DirectHandler.TransportResponse.builder()
                .status(status)
                .headers(headers)
                .entity(body)
                .keepAlive(false)
                .build();
    }

    private static CarrelException error(Status status, @Nullable String message) {
        if (status.code() >= 500) {
            return new CarrelException(
                    ErrorCode.INTERNAL_ERROR, "Something went wrong in the server; see its log");
        }
        return new CarrelException(
                ErrorCode.INVALID_REQUEST,
                "The request is not valid HTTP/1.1" + (message == null ? "" : ": " + message));
    }
}
