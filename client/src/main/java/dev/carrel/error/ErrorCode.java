package dev.carrel.error;

import static dev.carrel.error.ErrorKind.EXTERNAL;
import static dev.carrel.error.ErrorKind.INTERNAL;
import static dev.carrel.error.ErrorKind.RESOURCES;
import static dev.carrel.error.ErrorKind.USER;

import java.util.Locale;

/// Every way a call can fail. The lower-case name is the `code` of an error body and never changes
/// its meaning.
public enum ErrorCode {
    INVALID_REQUEST(USER, 400, false),
    INVALID_JSON(USER, 400, false),
    UNKNOWN_FIELD(USER, 400, false),
    UNSUPPORTED_PARAMETER(USER, 400, false),
    INVALID_PATH(USER, 400, false),
    UNAUTHORIZED(USER, 401, false),
    FORBIDDEN(USER, 403, false),
    NOT_FOUND(USER, 404, false),
    SANDBOX_NOT_FOUND(USER, 404, false),
    SNAPSHOT_NOT_FOUND(USER, 404, false),
    EXECUTION_NOT_FOUND(USER, 404, false),
    FILE_NOT_FOUND(USER, 404, false),
    SESSION_NOT_FOUND(USER, 404, false),
    APPROVAL_NOT_FOUND(USER, 404, false),
    AGENT_NOT_FOUND(USER, 404, false),
    MEMORY_NOT_FOUND(USER, 404, false),
    IMAGE_NOT_FOUND(USER, 404, false),
    KEY_NOT_FOUND(USER, 404, false),
    PORT_NOT_FOUND(USER, 404, false),
    METHOD_NOT_ALLOWED(USER, 405, false),
    CONFLICT(USER, 409, false),
    SESSION_BUSY(USER, 409, true),
    SANDBOX_NOT_RUNNING(USER, 409, false),
    PRECONDITION_FAILED(USER, 412, false),
    BODY_TOO_LARGE(USER, 413, false),
    UNSUPPORTED_ENCODING(USER, 415, false),
    RANGE_NOT_SATISFIABLE(USER, 416, false),
    INVALID_DEFINITION(USER, 422, false),
    BUILD_FAILED(USER, 422, false),
    NOT_SUPPORTED(USER, 422, false),
    UPGRADE_REQUIRED(USER, 426, false),
    RATE_LIMITED(RESOURCES, 429, true),
    TOO_MANY_SANDBOXES(RESOURCES, 429, true),
    TOO_MANY_SNAPSHOTS(RESOURCES, 429, false),
    TOO_MANY_EXECUTIONS(RESOURCES, 429, true),
    INPUT_FULL(RESOURCES, 429, true),
    TOO_MANY_WATCHES(RESOURCES, 429, true),
    TOO_MANY_SESSIONS(RESOURCES, 429, true),
    TOO_MANY_MEMORIES(RESOURCES, 429, false),
    BUDGET_EXCEEDED(RESOURCES, 429, false),
    DISK_FULL(RESOURCES, 503, true),
    SANDBOX_DISK_FULL(RESOURCES, 409, false),
    UNAVAILABLE(RESOURCES, 503, true),
    IMAGE_PULL_DENIED(USER, 403, false),
    IMAGE_INVALID(USER, 422, false),
    REGISTRY_UNAVAILABLE(EXTERNAL, 503, true),
    MODEL_UNAVAILABLE(EXTERNAL, 503, true),
    MODEL_CIRCUIT_OPEN(EXTERNAL, 503, true),
    MODEL_RATE_LIMITED(EXTERNAL, 429, true),
    MODEL_UNAUTHORIZED(EXTERNAL, 503, false),
    MODEL_REFUSED_REQUEST(EXTERNAL, 503, false),
    MODEL_CONTENT_FILTERED(EXTERNAL, 503, false),
    MODEL_BAD_ANSWER(EXTERNAL, 503, true),
    MODEL_CONTEXT_OVERFLOW(EXTERNAL, 503, false),
    MODEL_PRICE_UNKNOWN(USER, 422, false),
    PORT_NOT_LISTENING(EXTERNAL, 502, true),
    PREVIEW_BAD_ANSWER(EXTERNAL, 502, false),
    PREVIEW_TIMED_OUT(EXTERNAL, 504, false),
    SANDBOX_FAILED(INTERNAL, 500, true),
    INTERNAL_ERROR(INTERNAL, 500, false);

    private final ErrorKind kind;
    private final int httpStatus;
    private final boolean retryable;

    ErrorCode(ErrorKind kind, int httpStatus, boolean retryable) {
        this.kind = kind;
        this.httpStatus = httpStatus;
        this.retryable = retryable;
    }

    public ErrorKind kind() {
        return kind;
    }

    public int httpStatus() {
        return httpStatus;
    }

    /// Whether the same call may succeed later without being changed.
    public boolean retryable() {
        return retryable;
    }

    /// The code as clients see it, in snake_case.
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
