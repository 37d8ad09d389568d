package dev.carrel.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.OptionalInt;

/// The chat completions API that OpenAI defined and many providers speak, each a little otherwise.
final class OpenAiProtocol implements Protocol {
    private final ProviderAccess access;
    private final OptionalInt outputTokensMax;

    OpenAiProtocol(ProviderAccess access, OptionalInt outputTokensMax) {
        this.access = access;
        this.outputTokensMax = outputTokensMax;
    }

    @Override
    public HttpRequest toHttp(ChatRequest request) {
        var http =
                HttpRequest.newBuilder(access.endpoint("/chat/completions"))
                        .header("content-type", "application/json")
                        .header("accept", "text/event-stream")
                        .header("user-agent", "carrel")
                        .POST(BodyPublishers.ofString(Json.write(body(request))));
        access.apiKey().ifPresent(key -> http.header("authorization", "Bearer " + key.reveal()));
        return http.build();
    }

    @Override
    public AnswerReader reader(ChatRequest request, ChatListener listener) {
        return new OpenAiAnswer(access, request, listener);
    }

    ObjectNode body(ChatRequest request) {
        var names = new ToolNames(request.tools());
        ObjectNode body = Json.object().put("model", request.model()).put("stream", true);
        if (!isHost("api.mistral.ai")) { // reports usage unasked, and refuses to be asked
            body.putObject("stream_options").put("include_usage", true);
        }
        outputTokensMax.ifPresent(max -> body.put(outputTokensKey(), max));
        effort(request.reasoning(), body);
        body.set("messages", OpenAiMessages.of(request, names));
        if (!request.tools().isEmpty()) {
            tools(request, names, body.putArray("tools"));
        }
        return body;
    }

    private static void tools(ChatRequest request, ToolNames names, ArrayNode tools) {
        for (ToolSpec tool : request.tools()) {
            ObjectNode function = tools.addObject().put("type", "function").putObject("function");
            function.put("name", names.toProvider(tool.name()));
            function.put("description", tool.description());
            function.set("parameters", tool.parameters());
        }
    }

    /// Models that cannot think refuse the parameter, so it is sent only when asked for.
    private static void effort(Reasoning reasoning, ObjectNode body) {
        switch (reasoning) {
            case OFF -> {}
            case LOW -> body.put("reasoning_effort", "low");
            case MEDIUM -> body.put("reasoning_effort", "medium");
            case HIGH -> body.put("reasoning_effort", "high");
        }
    }

    /// OpenAI's reasoning models refuse the old key; most others do not know the new one.
    private String outputTokensKey() {
        return isHost("api.openai.com") ? "max_completion_tokens" : "max_tokens";
    }

    private boolean isHost(String host) {
        return host.equalsIgnoreCase(access.baseUrl().getHost());
    }
}
