package dev.carrel.session;

import static dev.carrel.session.EventBody.optional;
import static dev.carrel.session.EventBody.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.agent.Event;

/// The fields of `approval.requested` and `approval.decided`: see [EventJson].
final class ApprovalJson {
    static final String REQUESTED = "approval.requested";
    static final String DECIDED = "approval.decided";

    private ApprovalJson() {}

    static void write(Event.ApprovalRequested event, ObjectNode body) {
        body.put("call_id", event.callId())
                .put("tool", event.tool())
                .put("arguments", event.arguments())
                .put("pattern", event.pattern());
    }

    static void write(Event.ApprovalDecided event, ObjectNode body) {
        body.put("call_id", event.callId())
                .put("tool", event.tool())
                .put("pattern", event.pattern())
                .put("decision", event.allowed() ? "allow" : "deny");
        if (event.forSession()) {
            body.put("for_session", true);
        }
        if (!event.reason().isEmpty()) {
            body.put("reason", event.reason());
        }
        event.by().ifPresent(by -> body.put("by", by));
    }

    static Event requested(JsonNode body) {
        return new Event.ApprovalRequested(
                text(body, "call_id"),
                text(body, "tool"),
                text(body, "arguments"),
                text(body, "pattern"));
    }

    /// Anything but a clear "allow" is none.
    static Event decided(JsonNode body) {
        return new Event.ApprovalDecided(
                text(body, "call_id"),
                text(body, "tool"),
                text(body, "pattern"),
                text(body, "decision").equals("allow"),
                body.path("for_session").asBoolean(),
                text(body, "reason"),
                optional(body, "by"));
    }
}
