package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.client.CarrelClient;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.ApprovalInfo;
import dev.carrel.wire.SessionInfo;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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
import org.junit.jupiter.api.io.TempDir;

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
    void start(@TempDir Path folder) throws IOException {
        Path script = Files.writeString(folder.resolve("script.yaml"), SCRIPT);
        server = RealServer.start("providers: {script: {kind: scripted, script: " + script + "}}");
        Path agents = Files.createDirectories(folder.resolve(".carrel"));
        Files.writeString(
                agents.resolve("agents.json"),
                "[{\"name\": \"a\", \"model\": \"script/x\", \"approve\": [\"edit\"]}]");
        server.deploy(agents);
    }

    @AfterAll
    void stop() throws IOException {
        server.close();
    }

    private List<String> options() throws IOException {
        return List.of("--url", server.uri().toString(), "--key", server.key());
    }

    private int carrel(String... arguments) throws IOException {
        var all = new ArrayList<>(List.of(arguments));
        all.addAll(options());
        return Main.run(all.toArray(String[]::new));
    }

    private String printed(String... arguments) throws IOException {
        var bytes = new ByteArrayOutputStream();
        PrintStream before = System.out;
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            assertThat(carrel(arguments)).isZero();
        } finally {
            System.setOut(before);
        }
        return bytes.toString(StandardCharsets.UTF_8);
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
