package dev.carrel.preview;

import dev.carrel.sandbox.SandboxId;
import dev.carrel.store.ProjectId;
import java.time.Instant;
import java.util.Optional;

/// A port of a sandbox that is registered for previews; a public one has no token.
public record PreviewPort(
        SandboxId sandbox,
        ProjectId project,
        int port,
        Optional<String> label,
        Optional<String> tokenHash,
        Instant createdAt) {
    public boolean isPublic() {
        return tokenHash.isEmpty();
    }
}
