package dev.carrel.api;

import static dev.carrel.http.HttpMethod.GET;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.EventSink;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.session.EventJson;
import dev.carrel.session.SessionId;
import dev.carrel.session.Sessions;
import dev.carrel.session.StreamItem;
import dev.carrel.session.Subscription;
import dev.carrel.store.ProjectId;
import dev.carrel.wire.Listing;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// `/v1/sessions/{id}/events`: the journal, as it is or as it grows.
final class EventRoutes {
    private static final int LIMIT_DEFAULT = 1_000;
    private static final int LIMIT_MAX = 10_000;

    /// Pings and a client's end are not this loop's business: it only must not wait for ever.
    private static final Duration WAIT_MAX = Duration.ofMinutes(5);

    private final Sessions sessions;

    EventRoutes(Sessions sessions) {
        this.sessions = sessions;
    }

    List<Route> routes() {
        return List.of(
                Route.of(
                        GET,
                        "/v1/sessions/{id}/events",
                        RouteDoc.of("Read the journal, or follow it live")
                                .gives(200, Lists.of(ObjectNode.class))
                                .orEvents()
                                .query("after", "integer", "Only entries with a higher number")
                                .query("cursor", "string", "The next_cursor of the list before")
                                .query("limit", "integer", "How many at most, 1000 if absent"),
                        this::events));
    }

    private Response events(Request request) {
        ProjectId project = Inputs.project(request);
        SessionId id = Inputs.session(request.path("id"));
        if (request.wantsEvents()) {
            Subscription subscription = sessions.subscribe(project, id, lastSeen(request));
            return Response.events(sink -> follow(subscription, sink));
        }
        int limit = (int) request.number("limit", LIMIT_DEFAULT, 1, LIMIT_MAX);
        long last = sessions.get(project, id).lastEvent();
        List<StreamItem.Recorded> found = sessions.events(project, id, after(request), limit);
        Optional<String> next =
                found.isEmpty() || found.getLast().seq() >= last
                        ? Optional.empty()
                        : Optional.of(Long.toString(found.getLast().seq()));
        return Response.json(200, new Listing<>(found.stream().map(EventJson::of).toList(), next));
    }

    /// `cursor` is the same as `after`, as in all lists.
    private static long after(Request request) {
        String name = request.query("cursor").isPresent() ? "cursor" : "after";
        return request.number(name, 0, 0, Long.MAX_VALUE);
    }

    private static long lastSeen(Request request) {
        Optional<String> header = request.header("Last-Event-ID");
        if (header.isEmpty()) {
            return after(request);
        }
        try {
            return Math.max(0, Long.parseLong(header.get().strip()));
        } catch (NumberFormatException e) {
            throw new CarrelException(
                    ErrorCode.INVALID_REQUEST,
                    "Last-Event-ID must be the id of an event of this stream, a whole number",
                    e);
        }
    }

    private static void follow(Subscription subscription, EventSink sink)
            throws InterruptedException {
        try (subscription) {
            sink.open();
            while (!sink.isClosing()) {
                Optional<StreamItem> item = subscription.next(WAIT_MAX);
                if (item.isPresent()) {
                    send(item.get(), sink);
                }
            }
        }
    }

    private static void send(StreamItem item, EventSink sink) {
        switch (item) {
            case StreamItem.Recorded entry ->
                    sink.send(
                            entry.seq(),
                            EventJson.type(entry.event()),
                            EventJson.of(entry).toString());
            case StreamItem.Live live -> sink.send("delta", EventJson.of(live).toString());
        }
    }
}
