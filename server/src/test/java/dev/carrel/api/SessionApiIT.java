package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.client.EventFeed;
import dev.carrel.client.SessionEvent;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.MessageRequest;
import dev.carrel.wire.SandboxRequest;
import dev.carrel.wire.SessionInfo;
import dev.carrel.wire.SessionRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class SessionApiIT extends ApiStage {
    @Test
    void aTurnRunsAndItsJournalIsReadInEveryWay() {
        SessionInfo session = client.sessions().create(SessionRequest.of("coder"));
        assertThat(session.state()).isEqualTo("idle");
        String turn = client.sessions().send(session.id(), "count").turn();
        var live = new ArrayList<SessionEvent>();
        try (EventFeed feed = client.sessions().follow(session.id(), 0)) {
            readUntil(feed, live, event -> event.type().equals("turn.completed"));
        }
        List<SessionEvent> stored = client.sessions().events(session.id(), 0, 1000);
        assertThat(live.stream().filter(event -> event.seq().isPresent()))
                .containsExactlyElementsOf(stored);
        assertThat(stored)
                .extracting(SessionEvent::type)
                .containsSubsequence(
                        "session.created",
                        "message.user",
                        "turn.started",
                        "tool.started",
                        "tool.completed",
                        "message.assistant",
                        "turn.completed");
        assertThat(live).extracting(SessionEvent::type).contains("delta");
        assertThat(stored.getLast().json().path("turn").asText()).isEqualTo(turn);
        assertThat(stored.getLast().json().path("stop_reason").asText()).isEqualTo("end");
        SessionInfo after = client.sessions().get(session.id());
        assertThat(after.lastEvent()).isEqualTo(stored.getLast().seq().getAsLong());
        assertThat(after.sandbox()).isPresent();
        assertThat(client.sessions().list(10, Optional.empty()).data())
                .extracting(SessionInfo::id)
                .contains(session.id());
        client.sessions().delete(session.id());
        assertThat(refusal(() -> client.sandboxes().get(after.sandbox().orElseThrow())).code())
                .isEqualTo(ErrorCode.SANDBOX_NOT_FOUND);
    }

    @Test
    void aFollowerSurvivesARestartOfTheServerWithoutGapOrRepeat() {
        SessionInfo session = client.sessions().create(SessionRequest.of("coder"));
        var seen = new ArrayList<SessionEvent>();
        try (EventFeed feed = client.sessions().follow(session.id(), 0)) {
            readUntil(feed, seen, event -> event.type().equals("session.created"));
            server.restartHttp();
            client.sessions().send(session.id(), "count");
            readUntil(feed, seen, event -> event.type().equals("turn.completed"));
        }
        assertThat(seen.stream().filter(event -> event.seq().isPresent()))
                .containsExactlyElementsOf(client.sessions().events(session.id(), 0, 1000));
    }

    @Test
    void anInterruptEndsTheTurn() {
        SessionInfo session = client.sessions().create(SessionRequest.of("coder"));
        client.sessions().send(session.id(), "wait");
        var seen = new ArrayList<SessionEvent>();
        try (EventFeed feed = client.sessions().follow(session.id(), 0)) {
            readUntil(feed, seen, event -> event.type().equals("tool.started"));
            client.sessions().interrupt(session.id());
            readUntil(feed, seen, event -> event.type().equals("turn.completed"));
        }
        assertThat(seen.getLast().json().path("stop_reason").asText()).isEqualTo("interrupted");
    }

    @Test
    void aSteeringMessageIsSeenAtTheNextStepOfTheSameTurn() throws Exception {
        SessionInfo session = client.sessions().create(SessionRequest.of("coder"));
        String turn = client.sessions().send(session.id(), "gate").turn();
        var seen = new ArrayList<SessionEvent>();
        try (EventFeed feed = client.sessions().follow(session.id(), 0)) {
            readUntil(feed, seen, event -> event.type().equals("tool.started"));
            var hurry = MessageRequest.steering("hurry");
            assertThat(client.sessions().send(session.id(), hurry).turn()).isEqualTo(turn);
            Eventually.holds(() -> client.sessions().get(session.id()).sandbox().isPresent());
            String sandbox = client.sessions().get(session.id()).sandbox().orElseThrow();
            client.sandboxes().writeFile(sandbox, "/workspace/go", new byte[0]);
            readUntil(feed, seen, event -> event.type().equals("turn.completed"));
        }
        assertThat(seen)
                .filteredOn(event -> event.seq().isPresent())
                .extracting(SessionEvent::type)
                .containsExactly(
                        "session.created",
                        "message.user",
                        "turn.started",
                        "model.started",
                        "message.assistant",
                        "tool.started",
                        "message.user",
                        "tool.completed",
                        "model.started",
                        "message.assistant",
                        "turn.completed");
        assertThat(seen.getLast().json().path("stop_reason").asText()).isEqualTo("end");
        assertThat(seen)
                .filteredOn(event -> event.type().equals("message.assistant"))
                .last()
                .extracting(event -> event.json().path("text").asText())
                .isEqualTo("I hurry.");
        client.sessions().delete(session.id());
    }

    @Test
    void aQueuedMessageLeavesTheTurnAloneAndStartsTheNext() throws Exception {
        SessionInfo session = client.sessions().create(SessionRequest.of("coder"));
        String first = client.sessions().send(session.id(), "gate").turn();
        var queued = new MessageRequest("hurry", Optional.of("queue"), Optional.empty());
        Eventually.holds(() -> client.sessions().get(session.id()).sandbox().isPresent());
        String second = client.sessions().send(session.id(), queued).turn();
        assertThat(second).isNotEqualTo(first);
        assertThat(client.sessions().get(session.id()).state()).isEqualTo("running");
        String sandbox = client.sessions().get(session.id()).sandbox().orElseThrow();
        client.sandboxes().writeFile(sandbox, "/workspace/go", new byte[0]);

        for (var turn : List.of(List.of(first, "The gate is open."), List.of(second, "I hurry."))) {
            var events = TurnEvents.of(client, session.id(), 0, turn.getFirst());
            assertThat(events.getLast().path("stop_reason").asText()).isEqualTo("end");
            JsonNode answer = TurnEvents.ofType(events, "message.assistant").getLast();
            assertThat(answer.path("text").asText()).isEqualTo(turn.getLast());
        }
        client.sessions().delete(session.id());
    }

    @Test
    void anInterruptingMessageEndsTheTurnAndStartsTheNext() {
        SessionInfo session = client.sessions().create(SessionRequest.of("coder"));
        client.sessions().send(session.id(), "wait");
        var seen = new ArrayList<SessionEvent>();
        try (EventFeed feed = client.sessions().follow(session.id(), 0)) {
            readUntil(feed, seen, event -> event.type().equals("tool.started"));
            client.sessions().send(session.id(), MessageRequest.interrupting("hurry"));
            readUntil(feed, seen, event -> event.type().equals("turn.completed"));
            seen.add(feed.next());
            readUntil(feed, seen, event -> event.type().equals("turn.completed"));
        }
        assertThat(seen)
                .filteredOn(event -> event.type().equals("turn.completed"))
                .extracting(event -> event.json().path("stop_reason").asText())
                .containsExactly("interrupted", "end");
        client.sessions().delete(session.id());
    }

    @Test
    void anAttachedSandboxIsWorkedInAndStays() {
        String own = client.sandboxes().create(SandboxRequest.defaults()).id();
        SessionInfo session = client.sessions().create(SessionRequest.of("coder").withSandbox(own));
        assertThat(session.sandbox()).contains(own);
        client.sessions().delete(session.id());
        assertThat(client.sandboxes().get(own).id()).isEqualTo(own);
        client.sandboxes().delete(own);
        assertThat(
                        refusal(() ->
                                        client.sessions()
                                                .create(
                                                        SessionRequest.of("coder")
                                                                .withSandbox(own)))
                                .code())
                .isEqualTo(ErrorCode.SANDBOX_NOT_FOUND);
    }

    @Test
    void sessionsThatCannotBeAreRefused() throws Exception {
        assertThat(refusal(() -> client.sessions().create(SessionRequest.of("codr"))).text())
                .contains("coder");
        assertThat(refusal(() -> client.sessions().get("ses_none")).code())
                .isEqualTo(ErrorCode.SESSION_NOT_FOUND);
        String id = client.sessions().create(SessionRequest.of("coder")).id();
        String messages = "/v1/sessions/" + id + "/messages";
        assertThat(code(call("POST", messages, "{\"content\":\"x\",\"mode\":\"now\"}")))
                .isEqualTo("invalid_request");
        assertThat(code(call("POST", messages, "{\"content\":\" \"}")))
                .isEqualTo("invalid_request");
        assertThat(code(call("GET", "/v1/sessions/" + id + "/events?after=-1", "")))
                .isEqualTo("invalid_request");
        assertThat(
                        code(
                                call(
                                        "GET",
                                        "/v1/sessions/" + id + "/events",
                                        "",
                                        "Accept",
                                        "text/event-stream",
                                        "Last-Event-ID",
                                        "x")))
                .isEqualTo("invalid_request");
        assertThat(
                        code(
                                call(
                                        "GET",
                                        "/v1/sessions/ses_none/events",
                                        "",
                                        "Accept",
                                        "text/event-stream")))
                .isEqualTo("session_not_found");
    }

    private static void readUntil(
            EventFeed feed, List<SessionEvent> into, Predicate<SessionEvent> end) {
        while (into.isEmpty() || !end.test(into.getLast())) {
            into.add(feed.next());
        }
    }
}
