package dev.carrel.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.client.CarrelClient;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.SandboxRequest;
import dev.carrel.wire.SessionRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a server leaves on the machine that is not a temporary one.
@Timeout(120)
class StopIT {
    private static final long SECONDS_MAX = 60;
    private static final int PORT_FREE = 0;

    /// 5 s to park turns, and some for the machine.
    private static final Duration PARKED_MAX = Duration.ofSeconds(10);

    /// The entry that says that the command was started.
    private static final int STARTED = 6;

    private static final String PARKED =
            """
            conversations:
              - steps:
                  - calls:
                      - name: bash
                        arguments:
                          command: "echo up; until [ -e go ]; do sleep 0.05; done; echo over"
                  - text: "All is done."
            """;

    @TempDir Path home;
    private String config = "disk.pool_mb: 1024\n";

    private Process start(int port, String... options) throws IOException {
        Files.writeString(home.resolve("carrel.yaml"), config);
        var words = new ArrayList<String>();
        words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        words.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1"));
        words.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.carrel.app.Main"));
        words.addAll(List.of("start", "--json", "--home", home.toString()));
        words.addAll(List.of("--port", Integer.toString(port)));
        words.addAll(List.of(options));
        return new ProcessBuilder(words)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectError(log().toFile())
                .start();
    }

    private Path log() {
        return home.resolve("server.log");
    }

    private CarrelClient ready(Process server) throws IOException {
        for (String line = ""; line != null; line = server.inputReader(UTF_8).readLine()) {
            if (line.contains("\"ready\"")) {
                String url = line.replaceFirst(".*\"url\":\"([^\"]*)\".*", "$1");
                return new CarrelClient(
                        URI.create(url), Files.readString(home.resolve("api-key")).strip());
            }
        }
        throw new AssertionError(Files.readString(log()));
    }

    private static int stop(Process server) throws InterruptedException {
        server.destroy();
        assertThat(server.waitFor(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
        return server.exitValue();
    }

    /// What the host shows of this home: a name made of its path's hash, or the path.
    private List<String> onTheHost() throws Exception {
        byte[] hash =
                MessageDigest.getInstance("SHA-256")
                        .digest(home.toRealPath().toString().getBytes(UTF_8));
        String id = HexFormat.of().formatHex(hash, 0, 3);
        var found = new ArrayList<String>();
        if (Files.exists(Path.of("/run/carrel-" + id))) {
            found.add("folder");
        }
        if (Files.readString(Path.of("/proc/self/mountinfo")).contains(home.toString())) {
            found.add("mount");
        }
        if (Files.exists(Path.of("/sys/class/net/crl" + id))) {
            found.add("bridge");
        }
        if (output("nft", "list", "tables").contains("carrel_" + id)) {
            found.add("firewall");
        }
        return found;
    }

    private static String output(String... command) throws Exception {
        Process process = new ProcessBuilder(command).start();
        return new String(process.getInputStream().readAllBytes(), UTF_8);
    }

    @Test
    void aPortInUseIsToldBeforeAnythingIsSetUp() throws Exception {
        try (var taken = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            Process server = start(taken.getLocalPort());
            assertThat(server.waitFor(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
            assertThat(server.exitValue()).isEqualTo(1);
            assertThat(new String(server.getInputStream().readAllBytes(), UTF_8))
                    .contains("port " + taken.getLocalPort(), "--port");
            assertThat(log()).content().doesNotContain("\tat ", "Exception");
        }
        assertThat(onTheHost()).isEmpty();
        assertThat(home.resolve("pool.btrfs")).doesNotExist();
    }

    @Test
    void whatSandboxesNeedStaysWhileThereAreSome() throws Exception {
        Process first = start(PORT_FREE);
        CarrelClient client = ready(first);
        client.sandboxes().delete(client.sandboxes().create(SandboxRequest.defaults()).id());
        assertThat(onTheHost()).contains("folder", "mount", "bridge", "firewall");
        stop(first);
        assertThat(onTheHost()).as(Files.readString(log())).isEmpty();

        Process second = start(PORT_FREE);
        String sandbox = ready(second).sandboxes().create(SandboxRequest.defaults()).id();
        stop(second);
        assertThat(onTheHost()).contains("folder", "mount", "bridge", "firewall");

        Process third = start(PORT_FREE, "--temporary");
        assertThat(ready(third).sandboxes().get(sandbox).state()).isEqualTo("running");
        stop(third);
        assertThat(onTheHost()).isEmpty();
    }

    @Test
    void aTurnThatRunsIsParkedAndGoesOnInTheNextServer() throws Exception {
        Path script = Files.writeString(home.resolve("script.yaml"), PARKED);
        config += "providers: {script: {kind: scripted, script: " + script + "}}\n";
        Path agents = Files.createDirectories(home.resolve("project/.carrel"));
        Files.writeString(
                agents.resolve("agents.json"), "[{\"name\": \"a\", \"model\": \"script/any\"}]");
        Process first = start(PORT_FREE);
        CarrelClient client = ready(first);
        client.deploy(new AgentsFolder(agents).pack());
        String session = client.sessions().create(SessionRequest.of("a")).id();
        client.sessions().send(session, "wait");
        Eventually.holds(() -> client.sessions().get(session).lastEvent() == STARTED);
        Eventually.holds(() -> client.sessions().get(session).sandbox().isPresent());

        long begun = System.nanoTime();
        stop(first);
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(PARKED_MAX);

        Process second = start(PORT_FREE, "--temporary");
        CarrelClient next = ready(second);
        assertThat(next.sessions().events(session, 0, 100)).hasSize(STARTED);
        String sandbox = next.sessions().get(session).sandbox().orElseThrow();
        next.sandboxes().writeFile(sandbox, "/workspace/go", new byte[0]);
        Eventually.holds(() -> next.sessions().get(session).state().equals("idle"));
        assertThat(next.sessions().events(session, STARTED, 100))
                .first()
                .satisfies(entry ->
                        assertThat(entry.json().path("result").asText())
                                .isEqualTo("up\nover\nexit code: 0"));
        stop(second);
        assertThat(onTheHost()).isEmpty();
    }
}
