package dev.carrel.session;

import dev.carrel.sandbox.SandboxId;
import java.util.Map;
import java.util.Optional;

/// What a caller says of a new session. `sandbox` is an existing sandbox to work in; without it one
/// is made at the first tool call that needs it.
public record NewSession(
        String agent,
        Optional<String> user,
        Map<String, String> metadata,
        Optional<SandboxId> sandbox) {
    public NewSession {
        metadata = Map.copyOf(metadata);
    }
}
