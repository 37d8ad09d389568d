package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Optional;

/// What a terminal's connection says besides its bytes: first its id, and the place in its output
/// of the first byte that follows; at last how it ended.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record TerminalMessage(
        Optional<String> terminal, Optional<Long> from, Optional<ExecutionInfo> exit) {
    public static TerminalMessage begin(String terminal, long from) {
        return new TerminalMessage(Optional.of(terminal), Optional.of(from), Optional.empty());
    }

    public static TerminalMessage exit(ExecutionInfo exit) {
        return new TerminalMessage(Optional.empty(), Optional.empty(), Optional.of(exit));
    }
}
