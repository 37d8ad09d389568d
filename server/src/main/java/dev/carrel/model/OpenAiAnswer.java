package dev.carrel.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Reads a stream of `chat.completion.chunk` objects up to `[DONE]`. Only the first choice counts:
/// no more are asked for.
final class OpenAiAnswer implements AnswerReader {
    private static final String DONE = "[DONE]";

    private final ProviderAccess access;
    private final ChatListener listener;
    private final OpenAiToolCalls calls;
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder reasoning = new StringBuilder();
    private @Nullable String reasoningKey;
    private @Nullable String finish;
    private String model;
    private Usage usage = Usage.NONE;
    private boolean done;

    OpenAiAnswer(ProviderAccess access, ChatRequest request, ChatListener listener) {
        this.access = access;
        this.listener = listener;
        this.calls = new OpenAiToolCalls(request, listener);
        this.model = request.model();
    }

    @Override
    public void accept(ServerEvent event) {
        if (event.data().strip().equals(DONE)) {
            done = true;
            return;
        }
        JsonNode chunk =
                Json.parseObject(event.data())
                        .orElseThrow(() -> bad("sent something other than JSON in its stream"));
        if (event.name().equals("error") || chunk.hasNonNull("error")) {
            throw ProviderComplaint.inStream(chunk).failure(access, Optional.empty());
        }
        if (!Json.text(chunk.path("model")).isEmpty()) {
            model = chunk.path("model").textValue();
        }
        usage = OpenAiUsage.of(chunk).orElse(usage);
        choice(chunk.path("choices").path(0));
    }

    private void choice(JsonNode choice) {
        JsonNode delta = choice.path("delta");
        content(delta.path("content"));
        text(Json.text(delta.path("refusal")));
        reasoning("reasoning_content", delta);
        reasoning("reasoning", delta);
        delta.path("tool_calls").forEach(calls::accept);
        if (!Json.text(choice.path("finish_reason")).isEmpty()) {
            finish = choice.path("finish_reason").textValue();
        }
    }

    /// A string; from Mistral's reasoning models a list of text and thinking parts.
    private void content(JsonNode content) {
        text(Json.text(content));
        for (JsonNode part : content) {
            text(Json.text(part.path("text")));
            for (JsonNode thought : part.path("thinking")) {
                reasoning(Json.text(thought.path("text")));
            }
        }
    }

    private void text(String delta) {
        if (!delta.isEmpty()) {
            text.append(delta);
            listener.text(delta);
        }
    }

    private void reasoning(String key, JsonNode delta) {
        String piece = Json.text(delta.path(key));
        // A provider that sends both says the same twice: the first name counts.
        if (!piece.isEmpty() && (reasoningKey == null || reasoningKey.equals(key))) {
            reasoningKey = key;
            reasoning(piece);
        }
    }

    private void reasoning(String delta) {
        if (!delta.isEmpty()) {
            reasoning.append(delta);
            listener.reasoning(delta);
        }
    }

    @Override
    public boolean isComplete() {
        return done;
    }

    @Override
    public ChatAnswer answer() {
        // Some servers omit [DONE], others the reason; one of them says that nothing is missing.
        if (finish == null && !done) {
            throw bad("cut its answer before the end");
        }
        if ("error".equals(finish)) {
            throw bad("broke off its answer with an error");
        }
        List<ToolCall> toolCalls = calls.finished();
        FinishReason reason = reason(toolCalls);
        boolean expected = reason == FinishReason.STOP || reason == FinishReason.TOOL_CALLS;
        if (expected && text.toString().isBlank() && toolCalls.isEmpty()) {
            throw bad("gave an empty answer: no text and no tool call");
        }
        var extras = new OpenAiExtras(Optional.ofNullable(reasoningKey), calls.extras());
        var message =
                new Message.Assistant(
                        text.toString(), reasoning.toString(), extras.signature(), toolCalls);
        return new ChatAnswer(message, reason, usage, model);
    }

    @Override
    public Usage usage() {
        return usage;
    }

    @Override
    public boolean usageIsWhole() {
        return finish != null && usage.totalTokens() > 0;
    }

    private FinishReason reason(List<ToolCall> toolCalls) {
        return switch (finish) {
            case "length" -> FinishReason.LENGTH;
            case "content_filter" -> FinishReason.CONTENT_FILTER;
            // Several providers say "stop" after tool calls: the calls themselves are the proof.
            case null, default -> toolCalls.isEmpty() ? FinishReason.STOP : FinishReason.TOOL_CALLS;
        };
    }

    private ProviderFailure bad(String what) {
        return ProviderFailure.badAnswer("model provider " + access.name() + " " + what);
    }
}
