package dev.carrel.session;

import dev.carrel.agent.StopReason;
import dev.carrel.model.Usage;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.store.ProjectId;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/// A session as it was when it was looked up. `stopReason` is that of the last turn that ended,
/// `lastEvent` the sequence number of its newest journal entry. With `workspaceBusy`, its turn
/// waits for one of another session that works in the same sandbox.
public record Session(
        SessionId id,
        ProjectId project,
        String agent,
        Optional<String> user,
        Map<String, String> metadata,
        SessionState state,
        Optional<SandboxId> sandbox,
        Optional<StopReason> stopReason,
        Usage usage,
        long lastEvent,
        Instant createdAt,
        Instant updatedAt,
        boolean workspaceBusy) {
    public Session {
        metadata = Map.copyOf(metadata);
    }
}
