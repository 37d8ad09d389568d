package dev.carrel.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What some providers add to an answer and refuse, or forget, to go on without: their name for the
/// reasoning (DeepSeek, Kimi, vLLM: `reasoning_content`; OpenRouter, Ollama, Groq: `reasoning`),
/// and Gemini's signature on tool calls, here by the call's position. Kept as the message's
/// reasoning signature.
record OpenAiExtras(Optional<String> reasoningKey, Map<Integer, JsonNode> calls) {
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
        var calls = new TreeMap<Integer, JsonNode>();
        JsonNode list = node.path("calls");
        for (int i = 0; i < list.size(); i++) {
            if (!list.path(i).isNull()) {
                calls.put(i, list.path(i));
            }
        }
        return new OpenAiExtras(Optional.ofNullable(node.path("reasoning").textValue()), calls);
    }

    Optional<JsonNode> ofCall(int position) {
        return Optional.ofNullable(calls.get(position));
    }

    Optional<String> signature() {
        if (equals(NONE)) {
            return Optional.empty();
        }
        ObjectNode root = Json.object();
        ObjectNode node = root.putObject(FORMAT);
        reasoningKey.ifPresent(key -> node.put("reasoning", key));
        if (!calls.isEmpty()) {
            ArrayNode list = node.putArray("calls");
            for (int i = 0; i <= Collections.max(calls.keySet()); i++) {
                list.add(calls.get(i));
            }
        }
        return Optional.of(Json.write(root));
    }
}
