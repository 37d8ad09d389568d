package dev.carrel.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.OptionalLong;

/// A journal entry, with its sequence number, or something live that is not stored, without one.
/// `json` is all that the server said of it; `type` is in there, too.
public record SessionEvent(OptionalLong seq, String type, JsonNode json) {
    static SessionEvent of(JsonNode json) {
        JsonNode seq = json.path("seq");
        return new SessionEvent(
                seq.isIntegralNumber() ? OptionalLong.of(seq.asLong()) : OptionalLong.empty(),
                json.path("type").asText(),
                json);
    }
}
