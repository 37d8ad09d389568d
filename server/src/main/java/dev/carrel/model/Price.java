package dev.carrel.model;

import java.math.BigInteger;

/// What the tokens of a model cost, each in 10⁻¹² dollars: a million times its price in dollars for
/// a million tokens.
record Price(long input, long output, long cacheRead, long cacheWrite) {
    Cost of(Usage usage) {
        long plain =
                Math.max(
                        0,
                        usage.inputTokens() - usage.cacheReadTokens() - usage.cacheWriteTokens());
        BigInteger pico =
                times(plain, input)
                        .add(times(usage.cacheReadTokens(), cacheRead))
                        .add(times(usage.cacheWriteTokens(), cacheWrite))
                        .add(times(usage.outputTokens(), output));
        return new Cost(pico.min(BigInteger.valueOf(Cost.MAX.picoUsd())).longValue());
    }

    private static BigInteger times(long tokens, long price) {
        return BigInteger.valueOf(tokens).multiply(BigInteger.valueOf(price));
    }
}
