package dev.carrel.sandbox;

import java.util.Map;
import java.util.Optional;

/// Which sandboxes to list: all that match everything given. Metadata must contain each pair.
public record SandboxFilter(
        Optional<SandboxState> state, Optional<String> user, Map<String, String> metadata) {
    public static final SandboxFilter ALL =
            new SandboxFilter(Optional.empty(), Optional.empty(), Map.of());

    public SandboxFilter {
        metadata = Map.copyOf(metadata);
    }
}
