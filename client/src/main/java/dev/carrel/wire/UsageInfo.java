package dev.carrel.wire;

/// Tokens taken so far, as the providers counted them.
public record UsageInfo(
        long inputTokens,
        long outputTokens,
        long cacheReadTokens,
        long cacheWriteTokens,
        long reasoningTokens) {}
