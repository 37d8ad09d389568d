package dev.carrel.agent;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/// What a session knows of how long its conversation is to a model: folded from what providers
/// counted, and from what they refused. Used by one thread.
final class ContextState {
    private static final double FACTOR_MAX = 4;

    private final Map<String, Long> limits = new HashMap<>();
    private long estimated;
    private long counted;
    private int overflows;

    /// The provider counted `tokens` in a request whose messages were estimated at `estimate`.
    void counted(long estimate, long tokens) {
        estimated = estimate;
        counted = tokens;
        overflows = 0;
    }

    /// After a cut, messages estimated at `estimate` are taken for `tokens` with all else.
    void cut(Event.Compaction compaction, long estimate) {
        estimated = estimate;
        counted = compaction.tokensAfter();
        compaction
                .limitTokens()
                .ifPresent(limit -> {
                    limits.merge(compaction.model(), limit, Math::min);
                    overflows++;
                });
    }

    /// By what an estimate has to be multiplied to come out as the provider counts; `fixed` is the
    /// estimate of what stands before the messages.
    double factor(long fixed) {
        return counted <= 0
                ? 1
                : Math.clamp((double) counted / (fixed + estimated), 1 / FACTOR_MAX, FACTOR_MAX);
    }

    /// What a request to `model` may have, as far as its refusals have taught.
    OptionalLong limit(String model) {
        Long limit = limits.get(model);
        return limit == null ? OptionalLong.empty() : OptionalLong.of(limit);
    }

    /// How often the provider refused the conversation as too long since it last answered.
    int overflows() {
        return overflows;
    }
}
