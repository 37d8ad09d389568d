package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.client.CarrelClient;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.ApprovalInfo;
import dev.carrel.wire.SessionInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/// Approvals from the command line. Nothing runs in a sandbox: the calls fail or are denied.
@Timeout(value = 2, unit = TimeUnit.MINUTES)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ApprovalCommandsIT {
    private static final String SCRIPT =
            """
            conversations:
              - steps:
                  - calls:
                      - {name: edit, arguments: {path: a, old_string: "", new_string: "x"}}
                      - {name: edit, arguments: {path: b, old_string: "", new_string: "y"}}
                  - text: "All is answered."
            """;

    private RealServer server;

    @BeforeAll
    void start() throws IOException {
        server =
                RealServer.scripted(
                        SCRIPT,
                        "[{\"name\": \"a\", \"model\": \"script/x\", \"approve\": [\"edit\"]}]");
    }

    @AfterAll
    void stop() throws IOException {
        server.close();
    }

    private List<String> options() throws IOException {
        return List.of("--url", server.uri().toString(), "--key", server.key());
    }

    private int carrel(String... arguments) throws IOException {
        return Shown.of(server, arguments).code();
    }

    private String printed(String... arguments) throws IOException {
        Shown shown = Shown.of(server, arguments);
        assertThat(shown.code()).isZero();
        return shown.text();
    }

    private SessionInfo newest() throws IOException {
        CarrelClient client = server.client();
        return client.sessions()
                .get(client.sessions().list(1, Optional.empty()).data().getFirst().id());
    }

    @Test
    void withoutATerminalTheTurnWaitsUntilSomebodyDecides() throws Exception {
        assertThat(carrel("run", "edit it")).isEqualTo(Main.AWAITS_APPROVAL);
        Eventually.holds(() -> newest().approvals().size() == 2);
        SessionInfo session = newest();
        String first = session.approvals().getFirst().call();
        assertThat(printed("sessions"))
                .contains("awaiting_approval", first, "\"path\":\"b\"", "(edit)");
        assertThat(carrel("sessions", "approve", session.id())).isEqualTo(1);
        assertThat(carrel("sessions", "deny", session.id(), first, "--reason", "no")).isZero();
        assertThat(carrel("sessions", "approve", session.id(), first)).isEqualTo(1);
        assertThat(carrel("sessions", "approve", session.id(), "--for-session")).isZero();
        Eventually.holds(() -> newest().state().equals("idle"));
        assertThat(newest().approvals()).extracting(ApprovalInfo::call).isEmpty();
        assertThat(printed("logs", session.id()))
                .contains("approval.requested", "\"reason\":\"no\"");
    }

    @Test
    void thePersonAtTheTerminalIsAsked() throws Exception {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                "-Dcarrel.terminal=true",
                                "-cp",
                                System.getProperty("java.class.path"),
                                "dev.carrel.cli.Main",
                                "run",
                                "edit it"));
        command.addAll(options());
        try (Pty screen = Pty.open(100, 30)) {
            Process run = screen.run(command, Map.of());
            screen.awaitText("Allow it?");
            screen.type("perhaps\r");
            screen.type("n not this one\r");
            screen.awaitText("editing b");
            screen.type("a\r");
            screen.awaitText("denied");
            screen.awaitText("allowed for the session");
            assertThat(Pty.exitCode(run)).isZero();
            assertThat(screen.shown()).contains("not this one", "All is answered.");
        }
    }
}
