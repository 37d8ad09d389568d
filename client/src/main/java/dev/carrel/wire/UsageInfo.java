package dev.carrel.wire;

import java.math.BigDecimal;
import java.util.Optional;

/// Tokens taken so far, as the providers counted them, and what they cost by the price table of
/// their time. `cacheHitRate` is the part of the input that came out of the providers' caches, from
/// 0 to 1; absent before the first answer. `costUsd` is null when the price of any of them was not
/// known.
public record UsageInfo(
        long inputTokens,
        long outputTokens,
        long cacheReadTokens,
        long cacheWriteTokens,
        long reasoningTokens,
        Optional<Double> cacheHitRate,
        Optional<BigDecimal> costUsd) {}
