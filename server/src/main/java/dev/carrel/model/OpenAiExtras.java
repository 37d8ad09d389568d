package dev.carrel.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;

/// What some providers add to an answer and refuse, or forget, to go on without: their name for the
/// reasoning (DeepSeek, Kimi, vLLM: `reasoning_content`; OpenRouter, Ollama, Groq: `reasoning`),
/// and Gemini's signature on each tool call. Kept as the message's reasoning signature.
record OpenAiExtras(Optional<String> reasoningKey, Map<String, JsonNode> calls) {
    static final String CALL_KEY = "extra_content";

    private static final String FORMAT = "openai";
    private static final OpenAiExtras NONE = new OpenAiExtras(Optional.empty(), Map.of());

    OpenAiExtras {
        calls = Map.copyOf(calls);
    }

    /// None where `signature` is another protocol's.
    static OpenAiExtras of(Optional<String> signature) {
        return signature
                .flatMap(Json::parseObject)
                .map(node -> node.path(FORMAT))
                .filter(JsonNode::isObject)
                .map(OpenAiExtras::read)
                .orElse(NONE);
    }

    private static OpenAiExtras read(JsonNode node) {
        var calls = new java.util.HashMap<String, JsonNode>();
        node.path("calls").forEachEntry(calls::put);
        return new OpenAiExtras(Optional.ofNullable(node.path("reasoning").textValue()), calls);
    }

    Optional<JsonNode> ofCall(String id) {
        return Optional.ofNullable(calls.get(id));
    }

    Optional<String> signature() {
        if (equals(NONE)) {
            return Optional.empty();
        }
        ObjectNode root = Json.object();
        ObjectNode node = root.putObject(FORMAT);
        reasoningKey.ifPresent(key -> node.put("reasoning", key));
        if (!calls.isEmpty()) {
            node.putObject("calls").setAll(new java.util.TreeMap<>(calls));
        }
        return Optional.of(Json.write(root));
    }
}
