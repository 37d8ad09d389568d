package dev.carrel.error;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The root of every failure that Carrel reports. The message is shown to clients: it says what
/// failed, which id, the limit or state met and what to do, and holds no secret and no path of the
/// host. What only the operator may see goes into the cause, which is logged and never sent.
public class CarrelException extends RuntimeException {
    private final ErrorCode code;
    private final @Nullable String param;

    public CarrelException(ErrorCode code, String message) {
        this(code, message, null, null);
    }

    public CarrelException(ErrorCode code, String message, @Nullable Throwable cause) {
        this(code, message, cause, null);
    }

    private CarrelException(
            ErrorCode code, String message, @Nullable Throwable cause, @Nullable String param) {
        super(message, cause);
        this.code = code;
        this.param = param;
    }

    /// A failure that one request field caused; `param` is its name as the caller wrote it.
    public static CarrelException ofParam(ErrorCode code, String param, String message) {
        return new CarrelException(code, message, null, param);
    }

    public ErrorCode code() {
        return code;
    }

    public Optional<String> param() {
        return Optional.ofNullable(param);
    }

    /// The message; never null, safe to show to clients.
    public String text() {
        return java.util.Objects.requireNonNull(getMessage());
    }
}
