package dev.carrel.wire;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A session as it was when it was looked up. `state` is `idle`, `queued`, `running`,
/// `awaiting_approval` or `failed`; `stop_reason` is why its last turn ended, `last_event` the
/// sequence number of its newest journal entry. `approvals` are the calls that wait for somebody's
/// word; lists of sessions leave them out. `waiting_for` says what a turn waits for that is
/// `queued` though nothing of this session runs: `workspace` is the turn of another session in the
/// same sandbox.
public record SessionInfo(
        String id,
        String agent,
        Optional<String> user,
        Map<String, String> metadata,
        String state,
        Optional<String> sandbox,
        Optional<String> stopReason,
        UsageInfo usage,
        long lastEvent,
        Instant createdAt,
        Instant updatedAt,
        List<ApprovalInfo> approvals,
        Optional<String> waitingFor) {
    public SessionInfo {
        metadata = Map.copyOf(metadata);
        approvals = List.copyOf(approvals);
    }
}
