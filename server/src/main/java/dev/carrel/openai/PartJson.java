package dev.carrel.openai;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.model.ToolCall;
import dev.carrel.model.Usage;
import dev.carrel.session.SessionId;
import dev.carrel.tool.ToolStatus;
import java.util.Locale;

/// The JSON of parts, where a stream and a whole answer have it in common.
final class PartJson {
    private static final ObjectMapper MAPPER = JsonMapper.builder().build();

    private PartJson() {}

    static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    /// A call of one of our tools: OpenAI knows no such thing, see rule 6 of the stream's contract.
    static ObjectNode toolCall(String id, String tool, String state) {
        return object().put("id", id).put("name", tool).put("state", state);
    }

    /// Adds the arguments as the model wrote them and, where those are a JSON object, as one.
    static ObjectNode withArguments(ObjectNode json, ToolCall call) {
        json.put("arguments_text", call.arguments());
        if (parse(call.arguments()) instanceof ObjectNode arguments) {
            json.set("arguments", arguments);
        }
        return json;
    }

    static ObjectNode withResult(ObjectNode json, Part.Completed completed) {
        return json.put("result", completed.result())
                .put("duration_ms", completed.duration().toMillis());
    }

    static String state(ToolStatus status) {
        return switch (status) {
            case OK -> "completed";
            case ERROR, DENIED -> "error";
            case INTERRUPTED -> "interrupted";
        };
    }

    /// A call that the caller runs, in OpenAI's own shape. Clients parse the arguments without
    /// asking whether there are any.
    static ObjectNode callerCall(SessionId session, ToolCall call) {
        ObjectNode json = object();
        json.put("id", CallerCallId.of(session, call.id()).toString()).put("type", "function");
        json.putObject("function")
                .put("name", call.name())
                .put("arguments", call.arguments().isBlank() ? "{}" : call.arguments());
        return json;
    }

    /// OpenAI's reason and ours; what a guard has to say besides stands beside them, not in a root
    /// key `error`, over which clients stumble.
    static void putEnd(Part.End end, ObjectNode choice) {
        choice.put("finish_reason", end.finishReason()).put("stop_reason", end.stopReason());
        end.detail()
                .ifPresent(detail ->
                        choice.putObject("stop_detail")
                                .put("code", detail.code())
                                .put("message", detail.message()));
    }

    static ObjectNode usage(Usage usage) {
        ObjectNode json = object();
        json.put("prompt_tokens", usage.inputTokens())
                .put("completion_tokens", usage.outputTokens())
                .put("total_tokens", usage.totalTokens());
        json.putObject("prompt_tokens_details").put("cached_tokens", usage.cacheReadTokens());
        json.putObject("completion_tokens_details")
                .put("reasoning_tokens", usage.reasoningTokens());
        usage.cost().ifPresent(cost -> json.put("cost_usd", cost.usd()));
        return json;
    }

    static ObjectNode error(Part.Failure failure, String requestId) {
        ObjectNode json = object();
        json.putObject("error")
                .put("message", failure.message())
                .put("type", failure.code().kind().name().toLowerCase(Locale.ROOT))
                .put("code", failure.code().wireName())
                .putNull("param")
                .put("request_id", requestId);
        return json;
    }

    private static JsonNode parse(String arguments) {
        try {
            return MAPPER.readTree(arguments);
        } catch (JsonProcessingException e) {
            return JsonNodeFactory.instance.missingNode(); // the model erred, and will be told
        }
    }
}
