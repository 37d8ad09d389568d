package dev.carrel.model;

import java.util.Optional;

/// Tokens that one or more model calls took, as the provider counted them; 0 where it did not say.
/// `inputTokens` includes those read from and written to the provider's cache; `outputTokens`
/// includes reasoning. `cost` is what they cost by the price table of that time, and empty when the
/// price of any of them was not known.
public record Usage(
        long inputTokens,
        long outputTokens,
        long cacheReadTokens,
        long cacheWriteTokens,
        long reasoningTokens,
        Optional<Cost> cost) {
    /// No call at all.
    public static final Usage NONE = new Usage(0, 0, 0, 0, 0, Optional.of(Cost.ZERO));

    /// Of one answer; more than any model takes.
    static final long TOKENS_MAX = 1_000_000_000;

    /// At an unknown price.
    public Usage(
            long inputTokens,
            long outputTokens,
            long cacheReadTokens,
            long cacheWriteTokens,
            long reasoningTokens) {
        this(
                inputTokens,
                outputTokens,
                cacheReadTokens,
                cacheWriteTokens,
                reasoningTokens,
                Optional.empty());
    }

    public Usage plus(Usage other) {
        return new Usage(
                inputTokens + other.inputTokens,
                outputTokens + other.outputTokens,
                cacheReadTokens + other.cacheReadTokens,
                cacheWriteTokens + other.cacheWriteTokens,
                reasoningTokens + other.reasoningTokens,
                cost.flatMap(mine -> other.cost.map(mine::plus)));
    }

    public long totalTokens() {
        return inputTokens + outputTokens;
    }

    /// The part of the input that came out of the provider's cache, from 0 to 1 in thousandths;
    /// empty without input.
    public Optional<Double> cacheHitRate() {
        return inputTokens == 0
                ? Optional.empty()
                : Optional.of(Math.round(1_000.0 * cacheReadTokens / inputTokens) / 1_000.0);
    }

    /// The same at a price.
    Usage at(Optional<Price> price) {
        return new Usage(
                inputTokens,
                outputTokens,
                cacheReadTokens,
                cacheWriteTokens,
                reasoningTokens,
                price.map(each -> each.of(this)));
    }

    /// The same with each count from 0 to [#TOKENS_MAX]: budgets must not depend on a provider that
    /// counts backwards.
    Usage bounded() {
        return new Usage(
                bounded(inputTokens),
                bounded(outputTokens),
                bounded(cacheReadTokens),
                bounded(cacheWriteTokens),
                bounded(reasoningTokens),
                cost);
    }

    private static long bounded(long tokens) {
        return Math.clamp(tokens, 0, TOKENS_MAX);
    }
}
