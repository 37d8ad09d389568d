package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Optional;

/// A signal for a command's process group, `KILL` when absent.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record KillRequest(Optional<Signal> signal) {}
