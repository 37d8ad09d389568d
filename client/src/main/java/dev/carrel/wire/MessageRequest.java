package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Optional;

/// A message to a session. `mode` is `queue` when absent: a turn that runs is not disturbed.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record MessageRequest(String content, Optional<String> mode) {
    public static MessageRequest of(String content) {
        return new MessageRequest(content, Optional.empty());
    }
}
