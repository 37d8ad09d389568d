package dev.carrel.wire;

import java.util.Optional;

/// Tokens taken so far, as the providers counted them. `cacheHitRate` is the part of the input that
/// came out of the providers' caches, from 0 to 1; absent before the first answer.
public record UsageInfo(
        long inputTokens,
        long outputTokens,
        long cacheReadTokens,
        long cacheWriteTokens,
        long reasoningTokens,
        Optional<Double> cacheHitRate) {}
