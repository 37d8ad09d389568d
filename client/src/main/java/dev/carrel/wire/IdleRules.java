package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Optional;

/// What becomes of a sandbox that nobody uses: after how many seconds it is paused, which keeps its
/// processes, and stopped, which keeps its files. 0 is never; what is absent is the server's rule.
@JsonInclude(JsonInclude.Include.NON_ABSENT)
public record IdleRules(Optional<Long> pauseAfterSeconds, Optional<Long> stopAfterSeconds) {
    public static IdleRules of(long pauseAfterSeconds, long stopAfterSeconds) {
        return new IdleRules(Optional.of(pauseAfterSeconds), Optional.of(stopAfterSeconds));
    }
}
