package dev.carrel.cli;

import dev.carrel.client.CarrelClient;
import dev.carrel.client.EventFeed;
import dev.carrel.client.SessionEvent;
import dev.carrel.wire.MessageRequest;
import dev.carrel.wire.TurnInfo;
import java.util.function.Consumer;

/// Sends a message and follows the turn that it starts.
final class Turns {
    private Turns() {}

    /// Tells `watcher` every event of the turn and returns the last, `turn.completed`.
    static SessionEvent run(
            CarrelClient client,
            String session,
            MessageRequest message,
            Consumer<SessionEvent> watcher) {
        long before = client.sessions().get(session).lastEvent();
        try (EventFeed feed = client.sessions().follow(session, before)) {
            feed.open(); // or the first pieces of the answer would be missed
            TurnInfo turn = client.sessions().send(session, message);
            while (feed.hasNext()) {
                SessionEvent event = feed.next();
                if (event.json().path("turn").asText().equals(turn.turn())) {
                    watcher.accept(event);
                    if (event.type().equals("turn.completed")) {
                        return event;
                    }
                }
            }
        }
        throw new IllegalStateException("the event feed ended before the turn");
    }

    static boolean succeeded(SessionEvent completed) {
        return completed.json().path("stop_reason").asText().equals("end");
    }
}
