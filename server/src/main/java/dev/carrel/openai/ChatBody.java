package dev.carrel.openai;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonAnySetter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The body of `POST /v1/chat/completions` as far as it means something here. What OpenAI knows
/// beyond this (`temperature`, `response_format`, …) is for the agent's definition to decide and
/// ignored; what asks for an answer of another kind is refused.
record ChatBody(
        Optional<String> model,
        Optional<String> agent,
        List<ChatMessage> messages,
        @JsonAlias("sessionId") Optional<String> sessionId,
        Optional<String> user,
        Map<String, String> metadata,
        Optional<Boolean> stream,
        Optional<StreamOptions> streamOptions,
        Optional<String> onDisconnect,
        List<OfferedTool> tools,
        Optional<TurnBudget> budget,
        Optional<JsonNode> toolChoice,
        Optional<JsonNode> n,
        Optional<JsonNode> logprobs,
        Optional<JsonNode> topLogprobs,
        Optional<JsonNode> logitBias) {

    /// `content` is a string, a list of parts, or null.
    record ChatMessage(String role, Optional<JsonNode> content, Optional<String> toolCallId) {}

    record StreamOptions(Optional<Boolean> includeUsage) {}

    /// Lowers what the agent may spend on this turn. It is ours, not OpenAI's: a limit that is not
    /// known is refused, because its caller counts on it.
    record TurnBudget(
            Optional<BigDecimal> usd,
            Optional<Long> tokens,
            Optional<BigDecimal> minutes,
            Optional<Integer> steps) {
        @JsonAnySetter
        @SuppressWarnings("DoNotCallSuggester") // Jackson does
        void refuse(String name, @Nullable Object value) {
            throw CarrelException.ofParam(
                    ErrorCode.UNKNOWN_FIELD,
                    "budget." + name,
                    "Unknown field \"budget."
                            + name
                            + "\"; a budget takes usd, tokens, minutes and steps");
        }
    }

    /// A tool that the caller runs itself.
    record OfferedTool(String type, Optional<OfferedFunction> function) {}

    record OfferedFunction(
            String name, Optional<String> description, Optional<ObjectNode> parameters) {}

    ChatBody {
        messages = List.copyOf(messages);
        metadata = Map.copyOf(metadata);
        tools = List.copyOf(tools);
        refuse("n", n.filter(value -> !value.isNull() && value.asDouble() != 1));
        refuse("logprobs", logprobs.filter(JsonNode::asBoolean));
        refuse("top_logprobs", topLogprobs.filter(value -> value.asInt() != 0));
        refuse("logit_bias", logitBias.filter(value -> !value.isEmpty()));
    }

    boolean wantsStream() {
        return stream.orElse(false);
    }

    boolean wantsUsage() {
        return streamOptions.flatMap(StreamOptions::includeUsage).orElse(false);
    }

    private static void refuse(String param, Optional<JsonNode> value) {
        if (value.isPresent()) {
            throw CarrelException.ofParam(
                    ErrorCode.UNSUPPORTED_PARAMETER,
                    param,
                    param
                            + " is not supported: an agent gives one answer, by several model calls;"
                            + " leave it out");
        }
    }
}
