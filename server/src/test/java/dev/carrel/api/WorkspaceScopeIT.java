package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.cli.RealServer;
import dev.carrel.client.CarrelClient;
import dev.carrel.client.EventFeed;
import dev.carrel.client.SessionEvent;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.Json;
import dev.carrel.wire.RewindRequest;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SessionForkRequest;
import dev.carrel.wire.SessionInfo;
import dev.carrel.wire.SessionRequest;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/// Who shares a sandbox with whom, on a real server.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WorkspaceScopeIT {
    private static final String SECRET = "4c1d0fa7-of-ada";

    /// The one plants what the other looks for: in files, the environment and arguments of a
    /// process that runs on, output, memory that others may map.
    private static final String SCRIPT =
            """
            conversations:
              - when: "plant %1$s"
                steps:
                  - calls:
                      - name: bash
                        arguments:
                          command: |
                            for d in /workspace /tmp /root /var/tmp /dev/shm /etc; do
                              echo %1$s > $d/planted; done
                            touch /tmp/%1$s
                            KEY=%1$s nohup sleep 300 </dev/null >/tmp/out 2>&1 &
                            (exec -a %1$s sleep 300) </dev/null >/dev/null 2>&1 &
                            hostname %1$s 2>/dev/null
                            echo said %1$s
                  - text: "It is %1$s."
              - when: "look"
                steps:
                  - calls:
                      - name: bash
                        arguments:
                          command: |
                            p=4c1d0fa7
                            grep -rlsF $p-of / --exclude-dir=proc --exclude-dir=sys --exclude-dir=usr | grep -v '^/workspace/.carrel'
                            find / -xdev -name "*$p-of*" 2>/dev/null
                            cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\\\0' '\\\\n' | grep -F $p-of
                            env | grep -F $p-of; hostname | grep -F $p-of; mount | grep -F $p-of
                            ls /workspace; echo looked
                  - text: "That is all."
              - when: "begin"
                steps:
                  - calls: [{name: bash, arguments: {command: "until [ -e go ]; do sleep 0.05; done"}}]
                  - text: "Gone."
              - when: "add"
                steps:
                  - calls: [{name: bash, arguments: {command: "echo $RANDOM >> list; wc -l < list"}}]
                  - text: "Added."
              - when: "talk"
                steps:
                  - text: "I talk."
            """
                    .formatted(SECRET);

    private RealServer server;
    private CarrelClient client;

    @BeforeAll
    void start() throws IOException {
        server =
                RealServer.scripted(
                        SCRIPT,
                        """
                        [{"name": "each", "model": "script/x", "workspace": {"scope": "user"}},
                         {"name": "all", "model": "script/x", "workspace": {"scope": "shared"}}]
                        """);
        client = server.client();
    }

    @AfterAll
    void stop() throws IOException {
        server.close();
    }

    @Test
    void whatOneUserPlantsAnotherDoesNotFind() throws Exception {
        SessionInfo ada = session("each", "ada");
        assertThat(run(ada, "plant " + SECRET)).contains("said " + SECRET);
        assertThat(run(session("each", "ada"), "look")).contains(SECRET, "planted");

        SessionInfo bob = session("each", "bob");
        String found = run(bob, "look");
        assertThat(found).contains("looked").doesNotContain(SECRET, "planted", "/tmp/");
        for (String address :
                List.of(
                        "/v1/sandboxes?user=bob",
                        "/v1/sessions/" + bob.id(),
                        "/v1/sessions/" + bob.id() + "/events",
                        "/v1/sessions/" + bob.id() + "/diff",
                        "/v1/sandboxes/" + sandbox(bob) + "/executions",
                        "/v1/sandboxes/" + sandbox(bob) + "/files/?list=true&recursive=true",
                        "/v1/snapshots")) {
            assertThat(get(address)).as(address).doesNotContain(SECRET, ada.id(), sandbox(ada));
        }
        assertThat(client.sandboxes().get(sandbox(ada)).user()).contains("ada");
        assertThat(client.sandboxes().get(sandbox(bob)).user()).contains("bob");
    }

    @Test
    void aUsersSandboxOutlivesSessionsAndIsTheSameForAll() throws Exception {
        SessionInfo first = session("each", "cid");
        assertThat(run(first, "add")).contains("\"1\\n");
        String sandbox = sandbox(first);
        client.sessions().delete(first.id());

        SessionInfo second = session("each", "cid");
        assertThat(run(second, "add")).contains("\"2\\n");
        assertThat(sandbox(second)).isEqualTo(sandbox);
        client.sandboxes().delete(sandbox);
        assertThat(run(second, "add")).contains("was deleted");
        assertThat(run(session("each", "cid"), "add")).contains("\"1\\n");
    }

    @Test
    void turnsInOneSandboxWaitForEachOtherAndSaySo() throws Exception {
        SessionInfo first = session("each", "dan");
        SessionInfo second = session("each", "dan");
        client.sessions().send(first.id(), "begin");
        Eventually.holds(() -> client.sessions().get(first.id()).sandbox().isPresent());
        client.sessions().send(second.id(), "add");
        SessionInfo waiting = client.sessions().get(second.id());
        assertThat(waiting.state()).isEqualTo("queued");
        assertThat(waiting.waitingFor()).contains("workspace");
        assertThat(client.sessions().get(first.id()).waitingFor()).isEmpty();
        SessionInfo third = session("each", "dan");
        client.sessions().send(third.id(), "add");
        client.sessions().interrupt(third.id());
        SessionInfo interrupted = client.sessions().get(third.id());
        assertThat(interrupted.state()).isEqualTo("idle");
        assertThat(interrupted.stopReason()).contains("interrupted");
        assertThat(client.sessions().get(second.id()).state()).isEqualTo("queued");

        client.sandboxes().writeFile(sandbox(first), "/workspace/go", new byte[0]);
        Eventually.holds(() -> client.sessions().get(second.id()).state().equals("idle"));
        assertThat(client.sessions().get(second.id()).waitingFor()).isEmpty();
        assertThat(sandbox(second)).isEqualTo(sandbox(first));
    }

    @Test
    void oneSandboxForAllIsNobodysInParticular() throws Exception {
        SessionInfo ada = session("all", "ada");
        SessionInfo nobody = client.sessions().create(SessionRequest.of("all"));
        assertThat(run(ada, "add")).contains("\"1\\n");
        assertThat(run(nobody, "add")).contains("\"2\\n");
        SandboxInfo shared = client.sandboxes().get(sandbox(nobody));
        assertThat(shared.id()).isEqualTo(sandbox(ada));
        assertThat(shared.user()).isEmpty();
    }

    @Test
    void sharedFilesAreNotRewoundButForked() throws Exception {
        SessionInfo session = session("each", "eve");
        run(session, "add");
        long one = client.sessions().get(session.id()).lastEvent();
        run(session, "add");

        CarrelException refused =
                refusal(() -> client.sessions().rewind(session.id(), RewindRequest.to(one)));
        assertThat(refused.code()).isEqualTo(ErrorCode.CONFLICT);
        assertThat(refused.text()).contains("no sandbox of its own", "fork");
        SessionInfo fork = client.sessions().fork(session.id(), SessionForkRequest.at(one));
        assertThat(sandbox(fork)).isNotEqualTo(sandbox(session));
        assertThat(run(fork, "add")).contains("\"2\\n");
        client.sessions().rewind(session.id(), RewindRequest.to(one).withoutFiles());
        assertThat(run(session, "add")).contains("\"3\\n");
        String own = sandbox(fork);
        client.sessions().delete(fork.id());
        assertThat(refusal(() -> client.sandboxes().get(own)).code())
                .isEqualTo(ErrorCode.SANDBOX_NOT_FOUND);
    }

    @Test
    void aSessionWithoutItsUserIsRefused() throws Exception {
        CarrelException refused =
                refusal(() -> client.sessions().create(SessionRequest.of("each")));
        assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(refused.text()).contains("each end user", "\"user\"");
        HttpRequest chat =
                request("/v1/chat/completions")
                        .POST(
                                HttpRequest.BodyPublishers.ofString(
                                        """
                                        {"model": "each", "messages":
                                          [{"role": "user", "content": "talk"}]}
                                        """))
                        .build();
        JsonNode answer = Json.lenient().readTree(send(chat));
        assertThat(answer.path("error").path("message").asText()).contains("each end user");
    }

    private SessionInfo session(String agent, String user) {
        return client.sessions()
                .create(new SessionRequest(agent, Optional.of(user), Map.of(), Optional.empty()));
    }

    private String sandbox(SessionInfo session) {
        return client.sessions().get(session.id()).sandbox().orElseThrow();
    }

    /// Returns the turn's entries as text, but for its message.
    private String run(SessionInfo session, String message) {
        long after = client.sessions().get(session.id()).lastEvent();
        client.sessions().send(session.id(), message);
        var text = new StringBuilder();
        try (EventFeed feed = client.sessions().follow(session.id(), after)) {
            while (feed.hasNext()) {
                SessionEvent event = feed.next();
                text.append(event.type().equals("tool.completed") ? event.json() + "\n" : "");
                if (event.type().equals("turn.completed")) {
                    assertThat(event.json().path("stop_reason").asText()).isEqualTo("end");
                    return text.toString();
                }
            }
        }
        throw new AssertionError(text);
    }

    private String get(String address) throws Exception {
        return send(request(address).build());
    }

    private HttpRequest.Builder request(String address) throws IOException {
        return HttpRequest.newBuilder(server.uri().resolve(address))
                .header("Authorization", "Bearer " + server.key())
                .header("Content-Type", "application/json");
    }

    private static String send(HttpRequest request) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(request, HttpResponse.BodyHandlers.ofString()).body();
        }
    }

    private static CarrelException refusal(ThrowingCallable call) {
        return catchThrowableOfType(CarrelException.class, call);
    }
}
