package dev.carrel.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.error.ErrorCode;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The chat completions API that OpenAI defined and many providers speak, each a little otherwise.
final class OpenAiProtocol implements Protocol {
    /// Newer models of OpenAI think unless told not to, and then refuse tools at this endpoint.
    private static final String EFFORT = "reasoning_effort";

    private static final int LEARNT_MAX = 1_000;

    private final ProviderAccess access;
    private final OptionalInt outputTokensMax;
    private final Set<String> thinkUnlessTold = ConcurrentHashMap.newKeySet();

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

    @Override
    public long answerTokens(String model) {
        return outputTokensMax.isPresent()
                ? outputTokensMax.getAsInt()
                : ContextWindow.ANSWER_TOKENS_DEFAULT;
    }

    ObjectNode body(ChatRequest request) {
        var names = new ToolNames(request.tools());
        ObjectNode body = Json.object().put("model", request.model()).put("stream", true);
        if (!isHost("api.mistral.ai")) { // reports usage unasked, and refuses to be asked
            body.putObject("stream_options").put("include_usage", true);
        }
        outputTokensMax.ifPresent(max -> body.put(outputTokensKey(), max));
        if (isHost("api.openai.com")) { // others may refuse what they do not know
            body.put("prompt_cache_key", CacheKey.of(request));
        }
        effort(request, body);
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

    /// Models that cannot think refuse the parameter, so it is sent only when asked for, or when a
    /// model said that it wants to be told.
    private void effort(ChatRequest request, ObjectNode body) {
        switch (request.reasoning()) {
            case OFF -> {
                if (thinkUnlessTold.contains(request.model())) {
                    body.put(EFFORT, "none");
                }
            }
            case LOW -> body.put(EFFORT, "low");
            case MEDIUM -> body.put(EFFORT, "medium");
            case HIGH -> body.put(EFFORT, "high");
        }
    }

    /// Only where no reasoning was asked for: else the refusal is the caller's to know.
    @Override
    public boolean learn(ChatRequest request, ProviderFailure refusal) {
        boolean wantsEffort =
                request.reasoning() == Reasoning.OFF
                        && refusal.code() == ErrorCode.MODEL_REFUSED_REQUEST
                        && refusal.text().contains(EFFORT)
                        && thinkUnlessTold.size() < LEARNT_MAX;
        if (wantsEffort) {
            thinkUnlessTold.add(request.model()); // a parallel call may have done so already
        }
        return wantsEffort;
    }

    /// OpenAI's reasoning models refuse the old key; most others do not know the new one.
    private String outputTokensKey() {
        return isHost("api.openai.com") ? "max_completion_tokens" : "max_tokens";
    }

    private boolean isHost(String host) {
        return host.equalsIgnoreCase(access.baseUrl().getHost());
    }
}
