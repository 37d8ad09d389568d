package dev.carrel.client;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.wire.ApprovalRequest;
import dev.carrel.wire.DiffInfo;
import dev.carrel.wire.Listing;
import dev.carrel.wire.MessageRequest;
import dev.carrel.wire.RewindRequest;
import dev.carrel.wire.SessionForkRequest;
import dev.carrel.wire.SessionInfo;
import dev.carrel.wire.SessionRequest;
import dev.carrel.wire.TurnInfo;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.List;
import java.util.Optional;

/// The calls on sessions.
public final class SessionCalls {
    private static final String ROOT = "/v1/sessions";

    private final CarrelClient client;
    private final Transport transport;

    SessionCalls(CarrelClient client, Transport transport) {
        this.client = client;
        this.transport = transport;
    }

    public SessionInfo create(SessionRequest request) {
        return client.post(ROOT, request, SessionInfo.class);
    }

    public SessionInfo get(String id) {
        return client.get(path(id), SessionInfo.class);
    }

    /// Newest first.
    public Listing<SessionInfo> list(int limit, Optional<String> cursor) {
        String rest = cursor.map(at -> "&cursor=" + CarrelClient.segment(at)).orElse("");
        return client.list(ROOT + "?limit=" + limit + rest, SessionInfo.class);
    }

    /// Removes the session with its journal and the sandbox that was made for it.
    public void delete(String id) {
        client.delete(path(id));
    }

    /// Queues a turn and returns at once; [#follow] shows it.
    public TurnInfo send(String id, String message) {
        return send(id, MessageRequest.of(message));
    }

    /// Returns at once, with the turn that answers the message.
    public TurnInfo send(String id, MessageRequest message) {
        return client.post(path(id) + "/messages", message, TurnInfo.class);
    }

    /// Stops the running turn soon.
    public void interrupt(String id) {
        client.discard(transport.request(path(id) + "/interrupt").POST(BodyPublishers.noBody()));
    }

    /// Says whether a call that waits may run. The same word twice is one.
    public void decide(String id, String call, ApprovalRequest decision) {
        client.send(path(id) + "/approvals/" + CarrelClient.segment(call), decision);
    }

    /// Begins a session with the past of this one, files included.
    public SessionInfo fork(String id, SessionForkRequest request) {
        return client.post(path(id) + "/fork", request, SessionInfo.class);
    }

    /// Goes back to an earlier entry, files included.
    public SessionInfo rewind(String id, RewindRequest request) {
        return client.post(path(id) + "/rewind", request, SessionInfo.class);
    }

    /// What differs between the files of the workspace at two entries; without `to`, now.
    public DiffInfo diff(String id, long from, Optional<Long> to) {
        String end = to.map(entry -> "&to=" + entry).orElse("");
        return client.get(path(id) + "/diff?from=" + from + end, DiffInfo.class);
    }

    /// Journal entries above `after`, oldest first: at most `limit`, and fewer when they are long,
    /// but none only at the journal's end.
    public List<SessionEvent> events(String id, long after, int limit) {
        String query = "/events?after=" + after + "&limit=" + limit;
        return client.list(path(id) + query, JsonNode.class).data().stream()
                .map(SessionEvent::of)
                .toList();
    }

    /// All events above `after`, as they happened and happen. The caller closes the feed.
    public EventFeed follow(String id, long after) {
        return new EventFeed(after, last -> open(id, last));
    }

    private InputStream open(String id, long last) {
        HttpRequest.Builder request =
                transport
                        .request(path(id) + "/events")
                        .header("Accept", "text/event-stream")
                        .header("Last-Event-ID", Long.toString(last));
        return transport.open(request, CarrelClient.CALL_MAX).body();
    }

    private static String path(String id) {
        return ROOT + "/" + CarrelClient.segment(id);
    }
}
