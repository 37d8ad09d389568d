package dev.carrel.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/// Token counts of a chunk.
final class OpenAiUsage {
    private OpenAiUsage() {}

    /// Empty when the chunk has none. Where several chunks have some, the last is the sum.
    static Optional<Usage> of(JsonNode chunk) {
        JsonNode usage = chunk.path("usage");
        if (!usage.isObject()) {
            return Optional.empty();
        }
        JsonNode input = usage.path("prompt_tokens_details");
        long inputTokens = usage.path("prompt_tokens").asLong();
        long outputTokens = usage.path("completion_tokens").asLong();
        // xAI and Gemini count reasoning in the total, but not among the completion tokens.
        long outputByTotal = usage.path("total_tokens").asLong() - inputTokens;
        long cached = input.path("cached_tokens").asLong();
        long cachedDeepSeek = usage.path("prompt_cache_hit_tokens").asLong();
        return Optional.of(
                new Usage(
                        inputTokens,
                        Math.max(outputTokens, outputByTotal),
                        Math.max(cached, cachedDeepSeek),
                        input.path("cache_write_tokens").asLong(),
                        usage.path("completion_tokens_details").path("reasoning_tokens").asLong()));
    }
}
