package dev.carrel.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.OptionalInt;

/// Anthropic's Messages API, version 2023-06-01.
final class AnthropicProtocol implements Protocol {
    private static final String VERSION = "2023-06-01";
    private static final int BUDGET_MIN = 1024;

    private final ProviderAccess access;
    private final OptionalInt outputTokensMax;

    AnthropicProtocol(ProviderAccess access, OptionalInt outputTokensMax) {
        this.access = access;
        this.outputTokensMax = outputTokensMax;
    }

    @Override
    public HttpRequest toHttp(ChatRequest request) {
        // The usual base URL has no version in it, but people write one.
        boolean versioned = access.baseUrl().getPath().matches(".*/v1/?");
        var http =
                HttpRequest.newBuilder(access.endpoint(versioned ? "/messages" : "/v1/messages"))
                        .header("content-type", "application/json")
                        .header("accept", "text/event-stream")
                        .header("user-agent", "carrel")
                        .header("anthropic-version", VERSION)
                        .POST(BodyPublishers.ofString(Json.write(body(request))));
        access.apiKey().ifPresent(key -> http.header("x-api-key", key.reveal()));
        return http.build();
    }

    @Override
    public AnswerReader reader(ChatRequest request, ChatListener listener) {
        return new AnthropicAnswer(access, request, listener);
    }

    @Override
    public long answerTokens(String model) {
        return outputTokensMax.orElse(ClaudeVersion.of(model).outputTokensMax());
    }

    ObjectNode body(ChatRequest request) {
        var names = new ToolNames(request.tools());
        var version = ClaudeVersion.of(request.model());
        int tokensMax = outputTokensMax.orElse(version.outputTokensMax());
        ObjectNode body = Json.object().put("model", request.model()).put("stream", true);
        body.put("max_tokens", tokensMax);
        think(request, version, tokensMax, body);
        // Each mark ends a prefix that Anthropic keeps: tools, then system, then the conversation.
        if (!request.tools().isEmpty()) {
            mark(tools(request, names, body.putArray("tools")));
        }
        if (!request.system().isBlank()) {
            ObjectNode block = body.putArray("system").addObject().put("type", "text");
            mark(block.put("text", request.system()));
        }
        body.set("messages", AnthropicMessages.of(request, names));
        return body;
    }

    private static ObjectNode tools(ChatRequest request, ToolNames names, ArrayNode tools) {
        ObjectNode last = Json.object();
        for (ToolSpec tool : request.tools()) {
            last = tools.addObject();
            last.put("name", names.toProvider(tool.name()));
            last.put("description", tool.description());
            last.set("input_schema", tool.parameters());
        }
        return last;
    }

    static void mark(ObjectNode block) {
        block.putObject("cache_control").put("type", "ephemeral");
    }

    private static void think(
            ChatRequest request, ClaudeVersion version, int tokensMax, ObjectNode body) {
        if (request.reasoning() == Reasoning.OFF) {
            return;
        }
        switch (version.thinking()) {
            case NONE -> {}
            case BUDGET -> {
                int budget = Math.min(budget(request.reasoning()), tokensMax / 2);
                if (budget >= BUDGET_MIN && AnthropicMessages.mayThink(request.messages())) {
                    body.putObject("thinking").put("type", "enabled").put("budget_tokens", budget);
                }
            }
            case ADAPTIVE -> {
                // Newer models leave the thinking's text out unless asked for it.
                body.putObject("thinking").put("type", "adaptive").put("display", "summarized");
                body.putObject("output_config").put("effort", effort(request.reasoning()));
            }
        }
    }

    private static int budget(Reasoning reasoning) {
        return switch (reasoning) {
            case OFF -> 0;
            case LOW -> 4_000;
            case MEDIUM -> 10_000;
            case HIGH -> 16_000;
        };
    }

    private static String effort(Reasoning reasoning) {
        return switch (reasoning) {
            case OFF, LOW -> "low";
            case MEDIUM -> "medium";
            case HIGH -> "high";
        };
    }
}
