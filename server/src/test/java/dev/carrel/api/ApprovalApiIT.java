package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carrel.cli.RealServer;
import dev.carrel.client.CarrelClient;
import dev.carrel.client.EventFeed;
import dev.carrel.client.SessionEvent;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.ApprovalInfo;
import dev.carrel.wire.ApprovalRequest;
import dev.carrel.wire.MessageRequest;
import dev.carrel.wire.SessionInfo;
import dev.carrel.wire.SessionRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/// Approvals as users meet them: a real server, a real sandbox, the API.
@Timeout(value = 2, unit = TimeUnit.MINUTES)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ApprovalApiIT {
    private static final String AGENTS =
            """
            [{"name": "keeper", "model": "script/any",
              "approve": ["bash(log *)", "write(/etc/*)"]}]
            """;
    private static final String SCRIPT =
            """
            conversations:
              - when: "log once"
                steps:
                  - calls:
                      - {name: bash, arguments: {command: "cd /workspace && log() { echo $1 >> lines; }; log once"}}
                  - text: "Done."
              - when: "two"
                steps:
                  - calls:
                      - {name: bash, arguments: {command: "log() { echo $1 >> lines; }; log one"}}
                      - {name: write, arguments: {path: "../etc/../etc/two", content: "two"}}
                  - text: "Both are answered."
              - when: "also"
                steps:
                  - text: "I have seen it."
            """;

    private RealServer server;

    @BeforeAll
    void start() throws IOException {
        server = RealServer.scripted(SCRIPT, AGENTS);
    }

    @AfterAll
    void stop() throws IOException {
        server.close();
    }

    private CarrelClient client() throws IOException {
        return server.client();
    }

    /// A session whose turn waits for approval.
    private String waiting(String task, int calls) throws Exception {
        String session = client().sessions().create(SessionRequest.of("keeper")).id();
        client().sessions().send(session, task);
        Eventually.holds(() -> state(session).equals("awaiting_approval"));
        assertThat(client().sessions().get(session).approvals()).hasSize(calls);
        return session;
    }

    private String state(String session) throws IOException {
        return client().sessions().get(session).state();
    }

    private List<ApprovalInfo> pending(String session) throws IOException {
        return client().sessions().get(session).approvals();
    }

    /// The session's entries once its turn has ended.
    private List<SessionEvent> await(String session) throws IOException {
        var seen = new ArrayList<SessionEvent>();
        try (EventFeed feed = client().sessions().follow(session, 0)) {
            while (feed.hasNext()) {
                SessionEvent event = feed.next();
                if (event.seq().isPresent()) {
                    seen.add(event);
                }
                if (event.type().equals("turn.completed")) {
                    return seen;
                }
            }
        }
        throw new AssertionError("the feed ended after " + seen);
    }

    private static List<String> types(List<SessionEvent> events) {
        return events.stream().map(SessionEvent::type).toList();
    }

    private String lines(String session) throws IOException {
        String sandbox = client().sessions().get(session).sandbox().orElseThrow();
        try (InputStream file = client().sandboxes().readFile(sandbox, "/workspace/lines")) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void aTurnWaitsOverKillsOfTheServerAndRunsTheCallOnceItIsAllowed() throws Exception {
        String session = waiting("log once", 1);
        SessionInfo before = client().sessions().get(session);
        assertThat(before.sandbox()).isEmpty();
        ApprovalInfo call = before.approvals().getFirst();
        assertThat(call.tool()).isEqualTo("bash");
        assertThat(call.pattern()).isEqualTo("bash(log *)");
        assertThat(call.arguments()).contains("log once");
        server.kill();
        server.revive();
        SessionInfo after = client().sessions().get(session);
        assertThat(after).isEqualTo(before);
        client().sessions().decide(session, call.call(), ApprovalRequest.allow());
        server.kill();
        server.revive();
        List<SessionEvent> events = await(session);
        assertThat(events.get(6).json().path("by").asText())
                .isEqualTo("key " + client().keys().data().getFirst().id());
        assertThat(types(events))
                .containsExactly(
                        "session.created",
                        "message.user",
                        "turn.started",
                        "model.started",
                        "message.assistant",
                        "approval.requested",
                        "approval.decided",
                        "tool.started",
                        "tool.completed",
                        "snapshot.taken",
                        "model.started",
                        "message.assistant",
                        "turn.completed");
        assertThat(lines(session)).isEqualTo("once\n");
        client().sessions().decide(session, call.call(), ApprovalRequest.allow());
        assertThat(code(session, call.call(), ApprovalRequest.deny(Optional.empty())))
                .isEqualTo(ErrorCode.CONFLICT);
        client().sessions().delete(session);
    }

    @Test
    void severalCallsWaitAtOnceAndAreDecidedOneByOne() throws Exception {
        String session = waiting("two", 2);
        String bash = pending(session).getFirst().call();
        String write = pending(session).getLast().call();
        assertThat(pending(session).getLast().pattern()).isEqualTo("write(/etc/*)");
        var reason = Optional.of("leave /etc alone");
        client().sessions().decide(session, write, ApprovalRequest.deny(reason));
        Eventually.holds(() -> state(session).equals("awaiting_approval"));
        assertThat(pending(session)).extracting(ApprovalInfo::call).containsExactly(bash);
        client().sessions().decide(session, bash, ApprovalRequest.allowForSession());
        List<SessionEvent> events = await(session);
        assertThat(events)
                .filteredOn(event -> event.type().equals("tool.completed"))
                .extracting(event -> event.json().path("status").asText())
                .containsExactly("ok", "denied");
        assertThat(events)
                .filteredOn(event -> event.type().equals("tool.completed"))
                .last()
                .extracting(event -> event.json().path("result").asText())
                .asString()
                .contains("leave /etc alone");
        assertThat(lines(session)).isEqualTo("one\n");
        client().sessions().send(session, "log once");
        Eventually.holds(() -> state(session).equals("idle"));
        assertThat(lines(session)).isEqualTo("one\nonce\n");
        client().sessions().delete(session);
    }

    @Test
    void messagesHaveTheirMeaningWhileItWaits() throws Exception {
        String session = waiting("log once", 1);
        String call = pending(session).getFirst().call();
        client().sessions().send(session, MessageRequest.steering("also"));
        assertThat(state(session)).isEqualTo("awaiting_approval");
        client().sessions().decide(session, call, ApprovalRequest.allow());
        assertThat(await(session))
                .filteredOn(event -> event.type().equals("message.assistant"))
                .last()
                .extracting(event -> event.json().path("text").asText())
                .isEqualTo("I have seen it.");
        client().sessions().delete(session);
    }

    @Test
    void anInterruptClosesTheCallAndTheSessionGoesOn() throws Exception {
        String session = waiting("log once", 1);
        String call = pending(session).getFirst().call();
        client().sessions().interrupt(session);
        List<SessionEvent> events = await(session);
        assertThat(events.getLast().json().path("stop_reason").asText()).isEqualTo("interrupted");
        assertThat(events)
                .filteredOn(event -> event.type().equals("tool.completed"))
                .singleElement()
                .extracting(event -> event.json().path("status").asText())
                .isEqualTo("interrupted");
        assertThat(code(session, call, ApprovalRequest.allow())).isEqualTo(ErrorCode.CONFLICT);
        client().sessions().send(session, "also");
        Eventually.holds(() -> state(session).equals("idle"));
        assertThat(client().sessions().get(session).sandbox()).isEmpty();
        client().sessions().delete(session);
    }

    @Test
    void anInterruptingMessageEndsTheWaitAndIsAnswered() throws Exception {
        String session = waiting("log once", 1);
        client().sessions().send(session, MessageRequest.interrupting("also"));
        Eventually.holds(() -> state(session).equals("idle"));
        assertThat(client().sessions().events(session, 0, 100))
                .filteredOn(event -> event.type().equals("turn.completed"))
                .extracting(event -> event.json().path("stop_reason").asText())
                .containsExactly("interrupted", "end");
        client().sessions().delete(session);
    }

    @Test
    void whatIsNoDecisionIsRefused() throws Exception {
        String session = waiting("log once", 1);
        assertThat(code(session, "call_x", ApprovalRequest.allow()))
                .isEqualTo(ErrorCode.APPROVAL_NOT_FOUND);
        String call = pending(session).getFirst().call();
        var maybe = new ApprovalRequest("maybe", Optional.empty(), Optional.empty());
        assertThat(code(session, call, maybe)).isEqualTo(ErrorCode.INVALID_REQUEST);
        var never = new ApprovalRequest("deny", Optional.empty(), Optional.of(true));
        assertThat(code(session, call, never)).isEqualTo(ErrorCode.INVALID_REQUEST);
        client().sessions().delete(session);
    }

    private ErrorCode code(String session, String call, ApprovalRequest decision) {
        return catchThrowableOfType(
                        CarrelException.class,
                        () -> client().sessions().decide(session, call, decision))
                .code();
    }
}
