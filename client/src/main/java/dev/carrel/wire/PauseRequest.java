package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Optional;

/// How a sandbox is to be paused: in memory, unless `toDisk` is true. On disk it takes no memory
/// and outlives the machine; not every isolation can do that.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record PauseRequest(Optional<Boolean> toDisk) {}
