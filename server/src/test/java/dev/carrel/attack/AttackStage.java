package dev.carrel.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.cli.RealServer;
import dev.carrel.client.CarrelClient;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.ExecutionInfo;
import dev.carrel.wire.NetworkRules;
import dev.carrel.wire.ResourceLimits;
import dev.carrel.wire.SandboxRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/// A real server, and an attacker who has root in one of its sandboxes. After each attack the host
/// is as it was, the attacked sandbox and its neighbour still answer.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 180, unit = TimeUnit.SECONDS)
abstract class AttackStage {
    static final ResourceLimits SMALL =
            new ResourceLimits(Optional.of(1.0), Optional.of(256), Optional.of(512));

    RealServer server;
    CarrelClient client;

    /// The attacker's.
    String sandbox;

    /// Somebody else's.
    String neighbour;

    private HostState before;

    @BeforeAll
    void startServer() throws IOException {
        server = RealServer.start(config());
        client = server.client();
        try {
            sandbox = create();
        } catch (CarrelException e) {
            if (e.code() == ErrorCode.NOT_SUPPORTED) {
                System.err.println("NOT TESTED: " + e.getMessage());
                Assumptions.abort(e.getMessage());
            }
            throw e;
        }
        neighbour = create();
        before = HostState.read();
    }

    @AfterAll
    void stopServer() throws IOException {
        server.close();
    }

    @AfterEach
    void nothingHasChanged() throws IOException {
        assertThat(run(neighbour, "echo well").stdout()).isEqualTo("well\n");
        assertThat(run(sandbox, "echo well").stdout()).isEqualTo("well\n");
        HostState now = HostState.read();
        assertThat(now.facts()).isEqualTo(before.facts());
    }

    @BeforeEach
    void cleanWorkspace() {
        run(sandbox, "find /workspace -mindepth 1 -delete");
    }

    String config() {
        return "";
    }

    String isolation() {
        return "container";
    }

    String create() {
        return create(NetworkRules.ofInternet(false), SMALL);
    }

    String create(NetworkRules network, ResourceLimits limits) {
        return client.sandboxes()
                .create(
                        SandboxRequest.builder()
                                .image("coding")
                                .isolation(isolation())
                                .network(network)
                                .resources(limits)
                                .build())
                .id();
    }

    ExecutionInfo run(String where, String line) {
        return client.sandboxes().execute(where, ExecuteRequest.of(Command.line(line)));
    }

    /// Runs a program of `attacks/` in the attacker's sandbox.
    ExecutionInfo attack(String program, String... arguments) {
        return attackIn(sandbox, program, arguments);
    }

    ExecutionInfo attackIn(String where, String program, String... arguments) {
        try {
            byte[] text = Files.readAllBytes(Path.of("src/test/resources/attacks", program));
            client.sandboxes().writeFile(where, "/workspace/" + program, text);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        var command = new java.util.ArrayList<>(List.of("python3", "/workspace/" + program));
        command.addAll(List.of(arguments));
        return client.sandboxes()
                .execute(where, ExecuteRequest.of(Command.of(command)).withTimeoutSeconds(100));
    }

    /// What an attack program prints when nothing worked.
    static void assertRepelled(ExecutionInfo result) {
        assertThat(result.stdout() + result.stderr()).endsWith("repelled\n");
        assertThat(result.stdout()).doesNotContain("BREACH");
        assertThat(result.exitCode()).contains(0);
    }
}
