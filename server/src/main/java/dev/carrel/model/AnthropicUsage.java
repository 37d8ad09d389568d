package dev.carrel.model;

import com.fasterxml.jackson.databind.JsonNode;

/// Token counts of a message, which arrive in parts: later ones are sums and replace earlier ones.
final class AnthropicUsage {
    private long input;
    private long output;
    private long cacheRead;
    private long cacheWrite;
    private long reasoning;

    void accept(JsonNode usage) {
        input = usage.path("input_tokens").asLong(input);
        output = usage.path("output_tokens").asLong(output);
        cacheRead = usage.path("cache_read_input_tokens").asLong(cacheRead);
        cacheWrite = usage.path("cache_creation_input_tokens").asLong(cacheWrite);
        reasoning = usage.path("output_tokens_details").path("thinking_tokens").asLong(reasoning);
    }

    /// Anthropic's input tokens are those that the cache had no part in; ours are all of them.
    Usage total() {
        return new Usage(input + cacheRead + cacheWrite, output, cacheRead, cacheWrite, reasoning);
    }
}
