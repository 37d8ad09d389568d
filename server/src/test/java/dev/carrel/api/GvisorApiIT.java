package dev.carrel.api;

import static dev.carrel.api.TerminalViewer.get;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carrel.cli.RealServer;
import dev.carrel.client.CarrelClient;
import dev.carrel.client.FileEvents;
import dev.carrel.client.Terminal;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.ForkRequest;
import dev.carrel.wire.NetworkRules;
import dev.carrel.wire.PortRequest;
import dev.carrel.wire.ResourceLimits;
import dev.carrel.wire.SandboxChange;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SandboxRequest;
import dev.carrel.wire.SnapshotRequest;
import dev.carrel.wire.TerminalRequest;
import java.io.IOException;
import java.net.Socket;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/// What sandboxes can do, with a kernel of their own, through the API of a real server.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 90, unit = TimeUnit.SECONDS)
class GvisorApiIT {
    private static final String SERVER =
            "import http.server as h\n"
                    + "h.HTTPServer(('127.0.0.1', 3000), h.SimpleHTTPRequestHandler)"
                    + ".serve_forever()\n";

    private RealServer server;
    private CarrelClient client;
    private String sandbox;

    @BeforeAll
    void open() throws Exception {
        server = RealServer.start("");
        client = server.client();
    }

    @AfterAll
    void close() throws Exception {
        server.close();
    }

    @BeforeEach
    void make() {
        try {
            sandbox = create(SandboxRequest.builder());
        } catch (CarrelException e) {
            System.err.println("NOT TESTED: " + e.getMessage());
            Assumptions.assumeFalse(e.code() == ErrorCode.NOT_SUPPORTED, e.getMessage());
            throw e;
        }
    }

    @AfterEach
    void delete() {
        client.sandboxes().list().data().forEach(each -> client.sandboxes().delete(each.id()));
    }

    private String create(SandboxRequest.Builder request) {
        var small = new ResourceLimits(Optional.of(1.0), Optional.of(512), Optional.of(512));
        return client.sandboxes().create(request.isolation("gvisor").resources(small).build()).id();
    }

    private String run(String id, String line) {
        return client.sandboxes().execute(id, ExecuteRequest.of(Command.line(line))).stdout();
    }

    @Test
    void snapshotsAreTakenRestoredAndMadeSandboxesOf() {
        run(sandbox, "echo one > f");
        String snapshot =
                client.snapshots()
                        .take(sandbox, new SnapshotRequest(Optional.empty(), Map.of()))
                        .id();
        run(sandbox, "echo two > f");
        String made = create(SandboxRequest.builder().snapshot(snapshot));
        assertThat(run(made, "cat f")).isEqualTo("one\n");
        client.snapshots().restore(sandbox, snapshot);
        assertThat(run(sandbox, "cat f")).isEqualTo("one\n");
        client.snapshots().delete(snapshot);
        assertThat(run(made, "cat f")).isEqualTo("one\n");
    }

    @Test
    void forksGoTheirOwnWays() {
        run(sandbox, "echo one > f");
        var two = new ForkRequest(Optional.of(2), Optional.empty(), Map.of());
        var forks = client.snapshots().fork(sandbox, two).stream().map(SandboxInfo::id).toList();
        run(forks.getFirst(), "echo two > f");
        assertThat(run(sandbox, "cat f; hostname"))
                .startsWith("one\n")
                .isNotEqualTo(run(forks.getLast(), "cat f; hostname"));
        assertThat(run(forks.getFirst(), "cat f")).isEqualTo("two\n");
        assertThat(client.sandboxes().get(forks.getLast()).isolation()).isEqualTo("gvisor");
    }

    @Test
    void aPauseToDiskKeepsWhatRunsOverTheDeathOfTheServer() throws Exception {
        String counting = "i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo $i; sleep 0.05; done";
        var request = ExecuteRequest.of(Command.line(counting)).inBackground();
        String id = client.sandboxes().execute(sandbox, request).id();
        Eventually.holds(
                () -> client.sandboxes().execution(sandbox, id).stdout().startsWith("1\n2\n"));
        assertThat(client.sandboxes().pauseToDisk(sandbox).memorySaved()).isTrue();
        server.kill();
        server.revive();
        client = server.client();
        assertThat(client.sandboxes().get(sandbox).state()).isEqualTo("stopped");
        assertThat(run(sandbox, "echo up")).isEqualTo("up\n");
        String before = client.sandboxes().execution(sandbox, id).stdout();
        Eventually.holds(() ->
                client.sandboxes().execution(sandbox, id).stdout().length() > before.length());
        assertThat(client.sandboxes().execution(sandbox, id).status()).isEqualTo("running");
        String[] lines = client.sandboxes().execution(sandbox, id).stdout().strip().split("\n");
        assertThat(lines[lines.length - 1]).isEqualTo("" + lines.length);
    }

    @Test
    void switchingTheNetworkOfASavedSandboxSaysWhatItCosts() throws Exception {
        assertThat(client.sandboxes().pauseToDisk(sandbox).memorySaved()).isTrue();
        SandboxInfo same = client.sandboxes().change(sandbox, SandboxChange.NONE.withName("n"));
        assertThat(same.memorySaved()).isTrue();

        var off = SandboxChange.NONE.withNetwork(NetworkRules.ofInternet(false));
        SandboxInfo changed = client.sandboxes().change(sandbox, off);

        assertThat(changed.state()).isEqualTo("stopped");
        assertThat(changed.memorySaved()).isFalse();
        assertThat(changed.memoryLost())
                .hasValueSatisfying(why -> assertThat(why).contains("network"));
        assertThat(run(sandbox, "cat /proc/net/dev")).doesNotContain("eth0");
    }

    @Test
    void whatHappensToFilesInsideIsTold() throws Exception {
        try (FileEvents events = client.sandboxes().watch(sandbox, "/workspace", true)) {
            run(sandbox, "echo x > inside");
            assertThat(events.next().orElseThrow().path()).contains("/workspace/inside");
        }
    }

    @Test
    void terminalsHaveASizeAndOutliveTheirConnection() throws Exception {
        var first = new TerminalViewer();
        Terminal terminal =
                client.executions().terminal(sandbox, TerminalRequest.shell(90, 25), first);
        terminal.type("stty size\r");
        first.awaitText("25 90");
        terminal.resize(120, 40);
        terminal.type("stty size\r");
        first.awaitText("40 120");
        terminal.close();
        var second = new TerminalViewer();
        var again = TerminalRequest.shell(80, 24).again(get(first.id()), 0);
        Terminal back = client.executions().terminal(sandbox, again, second);
        second.awaitText("40 120");
        back.type("exit\r");
        assertThat(get(second.exit()).status()).isEqualTo("completed");
    }

    @Test
    void previewsReachTheLoopbackAddress() throws Exception {
        client.sandboxes().writeFile(sandbox, "/workspace/server.py", SERVER.getBytes(UTF_8));
        client.sandboxes().writeFile(sandbox, "/workspace/page", "a page".getBytes(UTF_8));
        var serve = ExecuteRequest.of(Command.line("python3 server.py")).inBackground();
        client.sandboxes().execute(sandbox, serve);
        var port = client.sandboxes().ports().register(sandbox, PortRequest.of(3000));
        String token = port.token().orElseThrow();
        Eventually.holds(() -> page(token).endsWith("a page"));
        client.sandboxes().pause(sandbox);
        assertThat(page(token)).endsWith("a page");
    }

    // By a socket of its own: Java asks name servers for what is below localhost.
    private String page(String token) throws IOException {
        String head =
                ("GET /page HTTP/1.1\r\nHost: 3000-%s.localhost\r\n"
                                + "X-Carrel-Preview-Token: %s\r\nConnection: close\r\n\r\n")
                        .formatted(sandbox, token);
        try (var socket = new Socket(server.uri().getHost(), server.uri().getPort())) {
            socket.getOutputStream().write(head.getBytes(UTF_8));
            return new String(socket.getInputStream().readAllBytes(), UTF_8);
        }
    }

    @Test
    void aLevelThatTheHostLacksIsRefusedWithWhatIsMissing() {
        var request = SandboxRequest.builder().isolation("microvm").build();
        CarrelException refusal =
                catchThrowableOfType(
                        CarrelException.class, () -> client.sandboxes().create(request));
        Assumptions.assumeTrue(refusal != null, "this machine has Kata Containers");
        assertThat(refusal.code()).isEqualTo(ErrorCode.NOT_SUPPORTED);
        assertThat(refusal.text()).containsAnyOf("KVM", "kata", "configuration.toml");
    }
}
