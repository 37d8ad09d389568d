package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Optional;

/// A message to a session. `mode` says what it does to a turn that runs: `queue`, also when absent,
/// leaves it alone and starts a turn after it; `steer` is seen by it at its next model call;
/// `interrupt` ends it, and starts the next. Without a turn that runs, all start one.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record MessageRequest(String content, Optional<String> mode) {
    public static MessageRequest of(String content) {
        return new MessageRequest(content, Optional.empty());
    }

    public static MessageRequest steering(String content) {
        return new MessageRequest(content, Optional.of("steer"));
    }

    public static MessageRequest interrupting(String content) {
        return new MessageRequest(content, Optional.of("interrupt"));
    }
}
