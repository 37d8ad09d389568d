package dev.carrel.http;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.error.ErrorKind;
import dev.carrel.wire.ErrorBody;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Errors as callers see them, everywhere.
public final class ErrorBodies {
    private static final Logger LOG = LoggerFactory.getLogger(ErrorBodies.class);

    /// What a caller is told to wait when a limit was met and nobody knows better.
    private static final String RETRY_AFTER_SECONDS = "1";

    private ErrorBodies() {}

    public static ErrorBody of(CarrelException e, String requestId) {
        return new ErrorBody(
                new ErrorBody.Details(
                        e.code().wireName(),
                        e.text(),
                        e.code().kind().name().toLowerCase(Locale.ROOT),
                        e.param(),
                        requestId));
    }

    /// What callers may see of `e`; what they may not is logged, under the request's id.
    static CarrelException failure(String requestId, Throwable e) {
        if (e instanceof CarrelException known) {
            if (known.code().kind() == ErrorKind.INTERNAL) {
                LOG.error("request failed", e);
            } else {
                LOG.debug("request failed: {}", known.getMessage());
            }
            return known;
        }
        LOG.error("request failed unexpectedly", e);
        return unexpected(requestId, e);
    }

    /// For failures that have no words for callers: those are in the log, under the request's id.
    static CarrelException unexpected(String requestId, Throwable cause) {
        return new CarrelException(
                ErrorCode.INTERNAL_ERROR,
                "Something went wrong in the server; its log has the cause under " + requestId,
                cause);
    }

    static Response response(CarrelException e, String requestId) {
        Response response = Response.json(e.code().httpStatus(), of(e, requestId));
        boolean wait = e.code().httpStatus() == 429 || e.code().httpStatus() == 503;
        return wait && e.code().retryable()
                ? response.withHeader("Retry-After", RETRY_AFTER_SECONDS)
                : response;
    }
}
