package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.client.CarrelClient;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.SessionRequest;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/// Speaking to sessions from the command line.
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SteeringCommandsIT {
    private static final String SCRIPT =
            """
            conversations:
              - when: "think"
                steps: [{text: "At last.", delay_ms: 50000}]
              - when: "slowly"
                steps:
                  - {delay_ms: 1500, calls: [{name: memory_search, arguments: {query: "x"}}]}
                  - text: "Done slowly."
              - when: "hurry"
                steps: [{text: "I hurry."}]
            """;
    private static final String AGENTS =
            "[{\"name\": \"a\", \"model\": \"script/x\", \"allowedTools\": [\"memory_*\"]}]";

    private RealServer server;
    private CarrelClient client;

    @BeforeAll
    void start() throws IOException {
        server = RealServer.scripted(SCRIPT, AGENTS);
        client = server.client();
    }

    @AfterAll
    void stop() throws IOException {
        server.close();
    }

    private String working(String task) throws Exception {
        String session = client.sessions().create(SessionRequest.of("a")).id();
        Shown sent = Shown.of(server, "sessions", "send", session, task);
        assertThat(sent.text()).startsWith("trn_");
        assertThat(sent.code()).isZero();
        Eventually.holds(() -> client.sessions().get(session).state().equals("running"));
        return session;
    }

    private void awaitIdle(String session) throws Exception {
        Eventually.holds(() -> client.sessions().get(session).state().equals("idle"));
    }

    private String logs(String session) throws IOException {
        return Shown.of(server, "logs", session).text();
    }

    @Test
    void aTurnIsInterrupted() throws Exception {
        String session = working("think");
        assertThat(Shown.of(server, "sessions", "interrupt", session).code()).isZero();
        awaitIdle(session);
        assertThat(logs(session)).contains("\"stop_reason\":\"interrupted\"");
        assertThat(Shown.of(server, "sessions", "interrupt", "ses_none").code()).isEqualTo(1);
    }

    @Test
    void aMessageEndsTheTurnAndIsAnswered() throws Exception {
        String session = working("think");
        assertThat(Shown.of(server, "sessions", "send", session, "hurry", "--interrupt").code())
                .isZero();
        Eventually.holds(() -> logs(session).contains("I hurry."));
        assertThat(logs(session)).contains("\"stop_reason\":\"interrupted\"");
    }

    @Test
    void aMessageSteersTheTurn() throws Exception {
        String session = working("slowly");
        Shown steer = Shown.of(server, "sessions", "send", session, "hurry", "--steer", "--json");
        assertThat(steer.text()).contains("\"turn\":\"trn_");
        awaitIdle(session);
        assertThat(logs(session)).containsOnlyOnce("turn.completed").contains("I hurry.");
    }

    @Test
    void aMessageHasOneModeAtMost() throws Exception {
        Shown both = Shown.of(server, "sessions", "send", "ses_x", "hi", "--steer", "--interrupt");
        assertThat(both.code()).isEqualTo(2);
        Shown nothing = Shown.of(server, "sessions", "send", "ses_x");
        assertThat(nothing.code()).isEqualTo(2);
    }

    @Test
    void aTurnRunsForAnEndUser() throws Exception {
        assertThat(Shown.of(server, "run", "hurry", "--user", "ada").text()).contains("I hurry.");
        assertThat(client.sessions().list(10, Optional.empty()).data())
                .filteredOn(session -> session.user().equals(Optional.of("ada")))
                .hasSize(1);
    }

    @Test
    void sessionsAreDeleted() throws Exception {
        String session = working("hurry slowly");
        assertThat(Shown.of(server, "sessions", "rm", session).text())
                .contains("Deleted " + session);
        assertThat(Shown.of(server, "sessions", "rm", session).code()).isEqualTo(1);
    }
}
