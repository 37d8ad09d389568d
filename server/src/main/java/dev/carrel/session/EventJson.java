package dev.carrel.session;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.agent.Delta;
import dev.carrel.agent.Event;
import dev.carrel.model.Usage;

/// The JSON of a session's stream, as the database keeps entries and as the API shows them.
///
/// The stored form is a promise for ever and therefore written out by hand, not derived from the
/// records: a body that was ever written must load. Fields that are not known are skipped, absent
/// ones have a neutral value, none changes its meaning.
public final class EventJson {
    /// Money is exact, and whatever could be written can be read.
    private static final ObjectMapper MAPPER =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxStringLength(Integer.MAX_VALUE)
                                                    .build())
                                    .build())
                    .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .build();

    private EventJson() {}

    /// The entry as the API shows it: `seq`, `type`, `time`, `turn` where there is one, and then
    /// the fields of its type. The result is the caller's.
    public static ObjectNode of(StreamItem.Recorded entry) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("seq", entry.seq());
        json.put("type", type(entry.event()));
        json.put("time", entry.time().toString());
        entry.turn().ifPresent(turn -> json.put("turn", turn.value()));
        return json.setAll(EventBody.write(entry.event()));
    }

    /// Something live as the API shows it: `type` is `delta`, `kind` tells which.
    public static ObjectNode of(StreamItem.Live item) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("type", "delta").put("turn", item.turn().value());
        return switch (item.delta()) {
            case Delta.Text d -> json.put("kind", "text").put("text", d.text());
            case Delta.Reasoning d -> json.put("kind", "reasoning").put("text", d.text());
            case Delta.ToolArguments d ->
                    json.put("kind", "tool_arguments")
                            .put("call_id", d.callId())
                            .put("tool", d.tool())
                            .put("text", d.delta());
            case Delta.ToolOutput d ->
                    json.put("kind", "tool_output")
                            .put("call_id", d.callId())
                            .put("text", d.text());
            case Delta.Restarted() -> json.put("kind", "restarted");
        };
    }

    /// Token counts and cost as every part of the API shows them.
    public static ObjectNode of(Usage usage) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("input_tokens", usage.inputTokens())
                .put("output_tokens", usage.outputTokens())
                .put("cache_read_tokens", usage.cacheReadTokens())
                .put("cache_write_tokens", usage.cacheWriteTokens())
                .put("reasoning_tokens", usage.reasoningTokens());
        GuardJson.write(usage.cost(), json);
        return json;
    }

    /// The name of the event's type in the journal and in the API.
    public static String type(Event event) {
        return switch (event) {
            case Event.SessionCreated e -> EventBody.SESSION_CREATED;
            case Event.UserMessage e -> EventBody.MESSAGE_USER;
            case Event.TurnStarted e -> EventBody.TURN_STARTED;
            case Event.ModelStarted e -> EventBody.MODEL_STARTED;
            case Event.ModelFailed e -> GuardJson.MODEL_FAILED;
            case Event.ModelLost e -> GuardJson.MODEL_LOST;
            case Event.AssistantMessage e -> EventBody.MESSAGE_ASSISTANT;
            case Event.ApprovalRequested e -> ApprovalJson.REQUESTED;
            case Event.ApprovalDecided e -> ApprovalJson.DECIDED;
            case Event.ToolStarted e -> EventBody.TOOL_STARTED;
            case Event.ToolCompleted e -> EventBody.TOOL_COMPLETED;
            case Event.Compaction e -> EventBody.COMPACTION;
            case Event.TurnNudged e -> GuardJson.TURN_NUDGED;
            case Event.TurnCompleted e -> EventBody.TURN_COMPLETED;
            case Event.SnapshotTaken e -> EventBody.SNAPSHOT_TAKEN;
            case Event.SnapshotFailed e -> EventBody.SNAPSHOT_FAILED;
            case Event.SessionForked e -> EventBody.SESSION_FORKED;
            case Event.SessionRewound e -> EventBody.SESSION_REWOUND;
        };
    }

    /// What the database keeps of an event beside its type.
    static String body(Event event) {
        return EventBody.write(event).toString();
    }

    /// Fails with [IllegalStateException] for what no version of Carrel up to this one has written.
    static Event parse(String type, String body) {
        return EventBody.read(type, tree(body));
    }

    private static JsonNode tree(String body) {
        try {
            return MAPPER.readTree(body);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a journal entry is not JSON", e);
        }
    }
}
