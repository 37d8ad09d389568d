package dev.carrel.model;

/// How many tokens a model takes with one request, and how many of them are left free for its
/// answer.
public record ContextWindow(long tokens, long answerTokens) {
    /// Of a model that nobody knows. One that takes less says so at the first request that is too
    /// long, and the session learns from that.
    public static final long TOKENS_DEFAULT = 128_000;

    public static final long ANSWER_TOKENS_DEFAULT = 16_000;
    public static final long TOKENS_MIN = 1_000;
    public static final long TOKENS_MAX = 100_000_000;

    public static final ContextWindow DEFAULT = of(TOKENS_DEFAULT, ANSWER_TOKENS_DEFAULT);

    /// An answer keeps at most a quarter of the window free.
    public static ContextWindow of(long tokens, long answerTokens) {
        return new ContextWindow(tokens, Math.min(answerTokens, tokens / 4));
    }

    /// What a request may have.
    public long requestTokens() {
        return tokens - answerTokens;
    }
}
