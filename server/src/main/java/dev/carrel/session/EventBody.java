package dev.carrel.session;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.ToolCall;
import dev.carrel.model.ToolSpec;
import dev.carrel.model.Usage;
import dev.carrel.tool.ToolStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// The fields of each type of event: see [EventJson].
final class EventBody {
    static final String SESSION_CREATED = "session.created";
    static final String MESSAGE_USER = "message.user";
    static final String TURN_STARTED = "turn.started";
    static final String MODEL_STARTED = "model.started";
    static final String MESSAGE_ASSISTANT = "message.assistant";
    static final String TOOL_STARTED = "tool.started";
    static final String TOOL_COMPLETED = "tool.completed";
    static final String COMPACTION = "compaction";
    static final String TURN_COMPLETED = "turn.completed";
    static final String SNAPSHOT_TAKEN = "snapshot.taken";
    static final String SNAPSHOT_FAILED = "snapshot.failed";
    static final String SESSION_FORKED = "session.forked";
    static final String SESSION_REWOUND = "session.rewound";

    private EventBody() {}

    static ObjectNode write(Event event) {
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        switch (event) {
            case Event.SessionCreated e -> {
                body.put("agent", e.agent());
                e.user().ifPresent(user -> body.put("user", user));
                ObjectNode metadata = body.putObject("metadata");
                e.metadata().forEach(metadata::put);
            }
            case Event.UserMessage e -> {
                body.put("text", e.text());
                writeCallerTools(e.callerTools(), body);
                if (e.steer()) {
                    body.put("mode", "steer");
                }
                GuardJson.write(e.budget(), body);
            }
            case Event.TurnStarted e -> {
                body.put("agent_version", e.agentVersion());
                e.memory().ifPresent(memory -> body.put("memory", memory));
            }
            case Event.ModelStarted e -> body.put("step", e.step()).put("model", e.model());
            case Event.ModelFailed e -> GuardJson.write(e, body);
            case Event.ModelLost e -> GuardJson.write(e, body);
            case Event.AssistantMessage e -> writeAssistant(e, body);
            case Event.ApprovalRequested e -> ApprovalJson.write(e, body);
            case Event.ApprovalDecided e -> ApprovalJson.write(e, body);
            case Event.ToolStarted e ->
                    body.put("call_id", e.callId())
                            .put("tool", e.tool())
                            .put("arguments", e.arguments());
            case Event.ToolCompleted e ->
                    body.put("call_id", e.callId())
                            .put("tool", e.tool())
                            .put("status", e.status().wireName())
                            .put("result", e.result())
                            .put("duration_ms", e.duration().toMillis());
            case Event.Compaction e -> CompactionJson.write(e, body);
            case Event.TurnNudged e -> GuardJson.write(e, body);
            case Event.TurnCompleted e -> writeCompleted(e, body);
            case Event.SnapshotTaken e -> FilesJson.write(e, body);
            case Event.SnapshotFailed e -> FilesJson.write(e, body);
            case Event.SessionForked e -> FilesJson.write(e, body);
            case Event.SessionRewound e -> FilesJson.write(e, body);
        }
        return body;
    }

    static Event read(String type, JsonNode body) {
        return switch (type) {
            case SESSION_CREATED ->
                    new Event.SessionCreated(
                            text(body, "agent"), optional(body, "user"), metadata(body));
            case MESSAGE_USER ->
                    new Event.UserMessage(
                            text(body, "text"),
                            callerTools(body),
                            text(body, "mode").equals("steer"),
                            GuardJson.budget(body));
            case TURN_STARTED ->
                    new Event.TurnStarted(
                            body.path("agent_version").asInt(), optional(body, "memory"));
            case MODEL_STARTED ->
                    new Event.ModelStarted(body.path("step").asInt(), text(body, "model"));
            case GuardJson.MODEL_FAILED -> GuardJson.modelFailed(body);
            case GuardJson.MODEL_LOST -> GuardJson.modelLost(body);
            case MESSAGE_ASSISTANT -> readAssistant(body);
            case ApprovalJson.REQUESTED -> ApprovalJson.requested(body);
            case ApprovalJson.DECIDED -> ApprovalJson.decided(body);
            case TOOL_STARTED ->
                    new Event.ToolStarted(
                            text(body, "call_id"), text(body, "tool"), text(body, "arguments"));
            case TOOL_COMPLETED ->
                    new Event.ToolCompleted(
                            text(body, "call_id"),
                            text(body, "tool"),
                            ToolStatus.valueOf(constant(body, "status")),
                            text(body, "result"),
                            duration(body));
            case COMPACTION -> CompactionJson.read(body);
            case GuardJson.TURN_NUDGED -> GuardJson.turnNudged(body);
            case TURN_COMPLETED -> readCompleted(body);
            case SNAPSHOT_TAKEN -> FilesJson.snapshotTaken(body);
            case SNAPSHOT_FAILED -> FilesJson.snapshotFailed(body);
            case SESSION_FORKED -> FilesJson.sessionForked(body);
            case SESSION_REWOUND -> FilesJson.sessionRewound(body);
            default -> throw new IllegalStateException("unknown type of journal entry: " + type);
        };
    }

    private static void writeCallerTools(List<ToolSpec> tools, ObjectNode body) {
        if (tools.isEmpty()) {
            return;
        }
        ArrayNode array = body.putArray("caller_tools");
        for (ToolSpec tool : tools) {
            array.addObject()
                    .put("name", tool.name())
                    .put("description", tool.description())
                    .set("parameters", tool.parameters().deepCopy());
        }
    }

    private static List<ToolSpec> callerTools(JsonNode body) {
        var tools = new ArrayList<ToolSpec>();
        for (JsonNode tool : body.path("caller_tools")) {
            ObjectNode parameters =
                    tool.path("parameters") instanceof ObjectNode given
                            ? given
                            : JsonNodeFactory.instance.objectNode();
            tools.add(new ToolSpec(text(tool, "name"), text(tool, "description"), parameters));
        }
        return tools;
    }

    private static void writeAssistant(Event.AssistantMessage event, ObjectNode body) {
        Message.Assistant message = event.message();
        body.put("step", event.step()).put("text", message.text());
        if (!message.reasoning().isEmpty()) {
            body.put("reasoning", message.reasoning());
        }
        message.reasoningSignature().ifPresent(s -> body.put("reasoning_signature", s));
        ArrayNode calls = body.putArray("tool_calls");
        for (ToolCall call : message.toolCalls()) {
            calls.addObject()
                    .put("id", call.id())
                    .put("name", call.name())
                    .put("arguments", call.arguments());
        }
        body.put("finish", event.finish().name().toLowerCase(Locale.ROOT));
        body.set("usage", EventJson.of(event.usage()));
        body.put("model", event.model()).put("duration_ms", event.duration().toMillis());
    }

    private static Event readAssistant(JsonNode body) {
        var calls = new ArrayList<ToolCall>();
        for (JsonNode call : body.path("tool_calls")) {
            calls.add(new ToolCall(text(call, "id"), text(call, "name"), text(call, "arguments")));
        }
        return new Event.AssistantMessage(
                body.path("step").asInt(),
                new Message.Assistant(
                        text(body, "text"),
                        text(body, "reasoning"),
                        optional(body, "reasoning_signature"),
                        calls),
                FinishReason.valueOf(constant(body, "finish")),
                usage(body),
                text(body, "model"),
                duration(body));
    }

    private static void writeCompleted(Event.TurnCompleted event, ObjectNode body) {
        body.put("stop_reason", event.reason().wireName()).put("steps", event.steps());
        body.set("usage", EventJson.of(event.usage()));
        event.error().ifPresent(error -> GuardJson.write(error, body));
        if (event.unanswered().isPositive()) {
            body.put("unanswered_ms", event.unanswered().toMillis());
        }
        if (event.unseen() > 0) {
            body.put("unseen_messages", event.unseen());
        }
    }

    private static Event readCompleted(JsonNode body) {
        return new Event.TurnCompleted(
                StopReason.valueOf(constant(body, "stop_reason")),
                body.path("steps").asInt(),
                usage(body),
                GuardJson.error(body),
                Duration.ofMillis(body.path("unanswered_ms").asLong()),
                body.path("unseen_messages").asInt());
    }

    static Usage usage(JsonNode body) {
        JsonNode usage = body.path("usage");
        return new Usage(
                usage.path("input_tokens").asLong(),
                usage.path("output_tokens").asLong(),
                usage.path("cache_read_tokens").asLong(),
                usage.path("cache_write_tokens").asLong(),
                usage.path("reasoning_tokens").asLong(),
                GuardJson.cost(usage));
    }

    private static Map<String, String> metadata(JsonNode body) {
        var metadata = new LinkedHashMap<String, String>();
        body.path("metadata")
                .properties()
                .forEach(e -> metadata.put(e.getKey(), e.getValue().asText()));
        return metadata;
    }

    static Duration duration(JsonNode body) {
        return Duration.ofMillis(body.path("duration_ms").asLong());
    }

    static String text(JsonNode body, String field) {
        return body.path(field).asText("");
    }

    static Optional<String> optional(JsonNode body, String field) {
        return body.hasNonNull(field) ? Optional.of(text(body, field)) : Optional.empty();
    }

    private static String constant(JsonNode body, String field) {
        return text(body, field).toUpperCase(Locale.ROOT);
    }
}
