package dev.carrel.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.client.CarrelClient;
import dev.carrel.client.FileEvents;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.SandboxRequest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The commands against a real server, by their exit codes: 0 done, 1 failed, 2 wrong usage, 3 the
/// server cannot be reached.
class CommandsIT {
    @TempDir Path folder;

    @Test
    void commandsReachASandbox() throws Exception {
        Path home = Files.createDirectory(folder.resolve("home"));
        try (LocalServer server = LocalServer.start(home, Map.of())) {
            var client = new CarrelClient(URI.create(server.url()), server.key());
            String sandbox = client.sandboxes().create(SandboxRequest.builder().build()).id();

            assertThat(sandbox(server, "exec", sandbox, "test -d /workspace")).isZero();
            assertThat(sandbox(server, "exec", sandbox, "sh", "-c", "exit 7")).isEqualTo(7);
            assertThat(sandbox(server, "exec", sandbox, "--", "sh", "-c", "exit 7")).isEqualTo(7);
            pipes(server, sandbox);
            copies(server, sandbox);
            looksAt(server, sandbox);
            watches(server, client, sandbox);
            assertThat(sandbox(server, "rm", sandbox)).isZero();
            assertThat(sandbox(server, "rm", sandbox)).isEqualTo(1);
        }
    }

    private static void looksAt(LocalServer server, String sandbox) throws IOException {
        assertThat(printed(() -> sandbox(server, "metrics", sandbox)))
                .contains("state      running", "processes  1 of 512", "listening  none");
        assertThat(printed(() -> sandbox(server, "network", sandbox))).isEqualTo("internet  on\n");
        String rules =
                printed(() ->
                        sandbox(
                                server,
                                "network",
                                sandbox,
                                "--allow",
                                "*.example.com",
                                "--deny",
                                "a.example.com",
                                "--secret",
                                "api.example.com:X-Home=HOME"));
        assertThat(rules)
                .contains("allow     *.example.com", "deny      a.example.com")
                .contains("secret    api.example.com X-Home")
                .doesNotContain(System.getenv("HOME"));
        String none = "api.example.com:X-Key=NO_SUCH_VARIABLE_OF_CARRELS";
        assertThat(sandbox(server, "network", sandbox, "--secret", none)).isEqualTo(2);
        assertThat(sandbox(server, "network", sandbox, "--secret", "api.example.com=x"))
                .isEqualTo(2);
        assertThat(sandbox(server, "network", sandbox, "--allow", "10.0.0.1")).isEqualTo(1);
        assertThat(printed(() -> sandbox(server, "network", sandbox, "--open")))
                .isEqualTo("internet  on\n");

        InputStream stdin = System.in;
        System.setIn(new ByteArrayInputStream("Bearer k-stdin\n".getBytes(UTF_8)));
        try {
            String made =
                    printed(() ->
                            sandbox(
                                    server,
                                    "create",
                                    "--json",
                                    "--secret",
                                    "api.example.com:Authorization=-"));
            assertThat(made).contains("\"Authorization\"").doesNotContain("k-stdin");
        } finally {
            System.setIn(stdin);
        }
    }

    private static void watches(LocalServer server, CarrelClient client, String sandbox)
            throws Exception {
        try (FileEvents events = client.sandboxes().watch(sandbox, "/workspace", true)) {
            client.sandboxes().writeFile(sandbox, "/workspace/seen", "x".getBytes(UTF_8));
            client.sandboxes()
                    .execute(
                            sandbox,
                            ExecuteRequest.of(Command.line("mkdir d; mv seen there; rm there")));
            var kinds = new ArrayList<String>();
            for (var event = events.next().orElseThrow();
                    !event.kind().equals("deleted");
                    event = events.next().orElseThrow()) {
                kinds.add(event.kind());
            }
            assertThat(kinds).contains("created", "moved");
        }
        String doomed = client.sandboxes().create(SandboxRequest.defaults()).id();
        var words = new AtomicReference<>("");
        Thread watching =
                Thread.ofVirtual()
                        .start(() ->
                                words.set(printed(() -> sandbox(server, "watch", doomed, "-r"))));
        Eventually.holds(() -> {
            client.sandboxes().writeFile(doomed, "/workspace/f", "x".getBytes(UTF_8));
            client.sandboxes().deleteFile(doomed, "/workspace/f");
            return OUTPUT.get().toString(UTF_8).contains("created");
        });
        client.sandboxes().delete(doomed);
        assertThat(watching.join(Duration.ofSeconds(20))).isTrue();
        assertThat(words.get()).contains("created    /workspace/f", "closed     ");
    }

    /// What the command under way has written so far.
    private static final AtomicReference<ByteArrayOutputStream> OUTPUT =
            new AtomicReference<>(new ByteArrayOutputStream());

    /// A command.
    private interface Run {
        int run() throws IOException;
    }

    /// What a command writes.
    private static String printed(Run command) {
        PrintStream before = System.out;
        var bytes = new ByteArrayOutputStream();
        OUTPUT.set(bytes);
        System.setOut(new PrintStream(bytes, true, UTF_8));
        try {
            command.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            System.setOut(before);
        }
        return bytes.toString(UTF_8);
    }

    private static void pipes(LocalServer server, String sandbox) throws IOException {
        InputStream before = System.in;
        try {
            System.setIn(new ByteArrayInputStream(new byte[300_000]));
            assertThat(sandbox(server, "exec", "-i", sandbox, "test $(wc -c) = 300000")).isZero();
            System.setIn(new ByteArrayInputStream("exit 5\n".getBytes(UTF_8)));
            assertThat(sandbox(server, "exec", "--stdin", sandbox, "sh")).isEqualTo(5);
            System.setIn(new ByteArrayInputStream(new byte[300_000]));
            assertThat(sandbox(server, "exec", "-i", sandbox, "true")).isZero();
            assertThat(sandbox(server, "exec", "--no-stdin", sandbox, "test $(wc -c) = 0"))
                    .isZero();
        } finally {
            System.setIn(before);
        }
    }

    private void copies(LocalServer server, String sandbox) throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "content");
        Path link = Files.createSymbolicLink(folder.resolve("link"), file);
        Path target = Files.createDirectory(folder.resolve("target"));
        String place = sandbox + ":/workspace/copy";

        assertThat(sandbox(server, "cp", link.toString(), place)).isZero();
        assertThat(sandbox(server, "cp", place, target + "/")).isZero();
        assertThat(target.resolve("copy")).hasContent("content");
        assertThat(sandbox(server, "cp", place, target.toString())).isEqualTo(2);
        assertThat(sandbox(server, "cp", folder.resolve("none").toString(), place)).isEqualTo(1);
        assertThat(sandbox(server, "cp", file.toString(), target.toString())).isEqualTo(2);
    }

    @Test
    void whatIsWrongWithACommandIsInItsExitCode() {
        String nobody = "http://127.0.0.1:1";
        assertThat(Main.run("run", "--url", nobody, "--key", "k", " ")).isEqualTo(2);
        assertThat(Main.run("status", "--url", "nonsense", "--key", "k")).isEqualTo(2);
        assertThat(Main.run("status", "--url", nobody, "--key", "k")).isEqualTo(3);
        assertThat(Main.run("logs", "-f", "ses_x", "--url", nobody, "--key", "k")).isEqualTo(3);
    }

    private static int sandbox(LocalServer server, String command, String... rest)
            throws IOException {
        var words = new ArrayList<>(List.of("sandbox", command));
        words.addAll(List.of("--url", server.url(), "--key", server.key()));
        words.addAll(List.of(rest));
        return Main.run(words.toArray(String[]::new));
    }
}
