package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;
import java.util.Optional;

/// Sandboxes to make from another one: one if `count` is absent. All get the name; the metadata is
/// added to that of the other one.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record ForkRequest(
        Optional<Integer> count, Optional<String> name, Map<String, String> metadata) {
    public ForkRequest {
        metadata = Map.copyOf(metadata);
    }
}
