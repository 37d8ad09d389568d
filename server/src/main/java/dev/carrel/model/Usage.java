package dev.carrel.model;

import java.util.Optional;

/// Tokens that one or more model calls took, as the provider counted them; 0 where it did not say.
/// `inputTokens` includes those read from and written to the provider's cache; `outputTokens`
/// includes reasoning.
public record Usage(
        long inputTokens,
        long outputTokens,
        long cacheReadTokens,
        long cacheWriteTokens,
        long reasoningTokens) {
    public static final Usage NONE = new Usage(0, 0, 0, 0, 0);

    public Usage plus(Usage other) {
        return new Usage(
                inputTokens + other.inputTokens,
                outputTokens + other.outputTokens,
                cacheReadTokens + other.cacheReadTokens,
                cacheWriteTokens + other.cacheWriteTokens,
                reasoningTokens + other.reasoningTokens);
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
}
