package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;
import java.util.Optional;

/// A snapshot to take. Every field is optional.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record SnapshotRequest(Optional<String> name, Map<String, String> metadata) {
    public SnapshotRequest {
        metadata = Map.copyOf(metadata);
    }
}
