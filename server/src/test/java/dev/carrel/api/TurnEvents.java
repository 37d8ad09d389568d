package dev.carrel.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.client.CarrelClient;
import dev.carrel.client.EventFeed;
import dev.carrel.client.SessionEvent;
import dev.carrel.wire.MessageRequest;
import java.util.ArrayList;
import java.util.List;

/// The stored events of one turn, from its start to its end, as the API streams them.
final class TurnEvents {
    private TurnEvents() {}

    /// Those of the turn that answers `message`.
    static List<JsonNode> of(CarrelClient client, String session, MessageRequest message) {
        long before = client.sessions().get(session).lastEvent();
        return of(client, session, before, client.sessions().send(session, message).turn());
    }

    static List<JsonNode> of(CarrelClient client, String session, String message) {
        return of(client, session, MessageRequest.of(message));
    }

    /// Those of `turn`, which begin after entry `after`.
    static List<JsonNode> of(CarrelClient client, String session, long after, String turn) {
        var events = new ArrayList<JsonNode>();
        try (EventFeed feed = client.sessions().follow(session, after)) {
            for (SessionEvent event = feed.next(); ; event = feed.next()) {
                if (event.seq().isPresent() && event.json().path("turn").asText().equals(turn)) {
                    events.add(event.json());
                    if (event.type().equals("turn.completed")) {
                        return events;
                    }
                }
            }
        }
    }

    static List<String> types(List<JsonNode> events) {
        return events.stream().map(event -> event.path("type").asText()).toList();
    }

    static List<JsonNode> ofType(List<JsonNode> events, String type) {
        return events.stream().filter(event -> event.path("type").asText().equals(type)).toList();
    }
}
