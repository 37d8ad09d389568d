package dev.carrel.wire;

import java.time.Instant;

/// A tool call that waits for somebody's word, because of `pattern` of its agent's definition.
/// `arguments` is the text that the model wrote.
public record ApprovalInfo(
        String call, String tool, String arguments, String pattern, Instant requestedAt) {}
