package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.client.CarrelClient;
import dev.carrel.client.EventFeed;
import dev.carrel.client.SessionEvent;
import dev.carrel.error.CarrelException;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.SessionRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/// What an interrupt stops in a real sandbox, and what stays.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class InterruptIT {
    /// The promise is 2 s; the machines of tests are busy.
    private static final Duration STOPPED_MAX = Duration.ofSeconds(6);

    private static final String SCRIPT =
            """
            conversations:
              - when: "beat"
                steps:
                  - text: "This takes long."
                    calls:
                      - name: bash
                        arguments:
                          command: >-
                            echo kept > kept;
                            sh -c 'sh -c "while :; do date +%s%N > beat; sleep 0.05; done" & wait'
              - when: "talk"
                steps:
                  - text: "On and on and on and on. On and on and on and on. On and on and on."
                    chunk_delay_ms: 5000
              - when: "go on"
                steps:
                  - text: "Here I am."
            """;

    private RealServer server;
    private CarrelClient client;

    @BeforeAll
    void start() throws IOException {
        server = RealServer.scripted(SCRIPT, "[{\"name\": \"it\", \"model\": \"script/any\"}]");
        client = server.client();
    }

    @AfterAll
    void stop() throws IOException {
        server.close();
    }

    @Test
    void anInterruptKillsACommandWithTheChildrenOfItsChildren() throws Exception {
        String session = client.sessions().create(SessionRequest.of("it")).id();
        client.sessions().send(session, "beat");
        Eventually.holds(() -> !file(session, "beat").isBlank());

        assertThat(stoppedAfter(session)).isLessThan(STOPPED_MAX);

        String last = file(session, "beat");
        String processes = processes(session);
        assertThat(processes).doesNotContain("sleep", "date +");
        assertThat(file(session, "beat")).isEqualTo(last);
        assertThat(file(session, "kept")).isEqualTo("kept\n");
        assertGoesOn(session);
    }

    @Test
    void anInterruptStopsTheStreamOfTheModel() throws Exception {
        String session = client.sessions().create(SessionRequest.of("it")).id();
        client.sessions().send(session, "talk");
        Eventually.holds(() -> types(session).endsWith("model.started"));

        assertThat(stoppedAfter(session)).isLessThan(STOPPED_MAX);
        assertGoesOn(session);
    }

    /// How long an interrupt takes, as its caller sees it.
    private Duration stoppedAfter(String session) {
        try (EventFeed feed = client.sessions().follow(session, 0)) {
            long begun = System.nanoTime();
            client.sessions().interrupt(session);
            SessionEvent event = feed.next();
            while (!event.type().equals("turn.completed")) {
                event = feed.next();
            }
            assertThat(event.json().path("stop_reason").asText()).isEqualTo("interrupted");
            return Duration.ofNanos(System.nanoTime() - begun);
        }
    }

    private void assertGoesOn(String session) throws Exception {
        long before = client.sessions().get(session).lastEvent();
        client.sessions().send(session, "go on");
        Eventually.holds(() -> client.sessions().get(session).state().equals("idle"));
        assertThat(client.sessions().events(session, before, 100))
                .last()
                .satisfies(end ->
                        assertThat(end.json().path("stop_reason").asText()).isEqualTo("end"));
        client.sessions().delete(session);
    }

    private String types(String session) {
        return client.sessions().events(session, 0, 100).stream()
                .map(SessionEvent::type)
                .reduce("", (all, type) -> all + " " + type);
    }

    private String processes(String session) {
        String sandbox = client.sessions().get(session).sandbox().orElseThrow();
        return client.sandboxes()
                .execute(sandbox, ExecuteRequest.of(Command.of(List.of("ps", "-eo", "args"))))
                .stdout();
    }

    private String file(String session, String name) throws IOException {
        var sandbox = client.sessions().get(session).sandbox();
        if (sandbox.isEmpty()) {
            return "";
        }
        try (InputStream file = client.sandboxes().readFile(sandbox.get(), "/workspace/" + name)) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        } catch (CarrelException e) {
            return "";
        }
    }
}
