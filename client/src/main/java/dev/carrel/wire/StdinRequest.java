package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Optional;

/// More standard input for a command that runs: text, or any bytes in base 64. `eof` ends it.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record StdinRequest(Optional<String> text, Optional<String> base64, Optional<Boolean> eof) {}
