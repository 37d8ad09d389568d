package dev.carrel.session;

import java.time.Instant;

/// A tool call that waits for somebody's word; `arguments` are as the model wrote them.
public record PendingApproval(
        String callId, String tool, String arguments, String pattern, Instant requestedAt) {}
