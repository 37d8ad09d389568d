package dev.carrel.cli;

import static dev.carrel.api.TerminalViewer.get;
import static dev.carrel.api.TerminalViewer.typeUntil;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.api.TerminalViewer;
import dev.carrel.client.CarrelClient;
import dev.carrel.client.Terminal;
import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.NetworkRules;
import dev.carrel.wire.SandboxRequest;
import dev.carrel.wire.TerminalRequest;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Programs that take the whole screen, in terminals of a real sandbox, through the WebSocket and
/// through `carrel sandbox shell` on a terminal of this machine.
@Timeout(value = 120, unit = TimeUnit.SECONDS)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TerminalsIT {
    private static final String ESCAPE = "\u001b";
    private static final String CTRL_C = "\u0003";

    /// In one line: a key that interrupts also drops what was typed after it.
    private static final String INTERRUPTED =
            "sh -c 'trap \"exit 77\" INT; echo be''gun; while :; do sleep 1; done'; echo code-$?\r";

    private Path home;
    private LocalServer server;
    private CarrelClient client;
    private String sandbox;

    @BeforeAll
    void start(@TempDir Path folder) throws IOException {
        home = folder;
        serve(0);
        var request = SandboxRequest.builder().network(NetworkRules.ofInternet(false)).build();
        sandbox = client.sandboxes().create(request).id();
    }

    private void serve(int port) throws IOException {
        server = LocalServer.start(home, Map.of(), port);
        client = new CarrelClient(URI.create(server.url()), server.key());
    }

    @AfterAll
    void stop() {
        server.close();
    }

    /// The next one listens where it did.
    private void killAndStartAnew() throws Exception {
        server.process().destroyForcibly();
        server.process().onExit().get(20, TimeUnit.SECONDS);
        serve(URI.create(server.url()).getPort());
    }

    private Terminal open(TerminalRequest request, TerminalViewer viewer) {
        return client.executions().terminal(sandbox, request, viewer);
    }

    private String file(String path) throws IOException {
        try (InputStream content = client.sandboxes().readFile(sandbox, path)) {
            return new String(content.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void vimIsTypedToResizedLeftAndSavesAfterTheServerWasKilled() throws Exception {
        String vim =
                HostPrograms.bring(client.sandboxes(), sandbox, Path.of("/usr/bin/vim.tiny"))
                        + " -u NONE note.txt";
        var first = new TerminalViewer();
        Terminal terminal = open(TerminalRequest.shell(80, 24).running(vim), first);
        first.awaitText("note.txt");
        terminal.type("ihello from vim" + ESCAPE);
        first.awaitText("hello from vim");
        terminal.resize(100, 30);
        Terminal resized = terminal;
        typeUntil(
                () -> first.text().contains("lines=30"),
                () -> resized.type(":set lines? columns?\r"));
        first.awaitText("columns=100");
        terminal.type("\r");
        terminal.close();
        get(first.closed());
        String id = get(first.id());

        var second = new TerminalViewer();
        terminal = open(TerminalRequest.shell(100, 30).again(id, first.place()), second);
        assertThat(get(second.from())).isEqualTo(first.place());
        terminal.type("oa second line" + ESCAPE);
        second.awaitText("a second line");
        killAndStartAnew();
        assertThat(get(second.closed())).isPositive();

        var third = new TerminalViewer();
        terminal = open(TerminalRequest.shell(100, 30).again(id, 0), third);
        third.awaitText("hello from vim");
        third.awaitText("a second line");
        terminal.type(":wq\r");
        assertThat(get(third.exit()).exitCode()).contains(0);
        assertThat(file("/workspace/note.txt")).isEqualTo("hello from vim\na second line\n");
    }

    @Test
    void htopDrawsQuitsAndIsInterrupted() throws Exception {
        String htop = HostPrograms.bring(client.sandboxes(), sandbox, Path.of("/usr/bin/htop"));
        for (String end : List.of("q", CTRL_C)) {
            var viewer = new TerminalViewer();
            Terminal terminal = open(TerminalRequest.shell(120, 30).running(htop), viewer);
            viewer.awaitText("PID");
            viewer.awaitText("Quit");
            terminal.type(end);
            // It leaves the signal to the kernel.
            assertThat(get(viewer.exit()).status())
                    .isEqualTo(end.equals("q") ? "completed" : "killed");
        }
    }

    private Process shell(Pty screen, String... more) throws IOException {
        return shellIn(sandbox, screen, more);
    }

    private Process shellIn(String sandbox, Pty screen, String... more) throws IOException {
        var command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                System.getProperty("java.class.path"),
                                "dev.carrel.cli.Main",
                                "sandbox",
                                "shell"));
        command.addAll(List.of(more));
        command.add(sandbox);
        return screen.run(
                command, Map.of("CARREL_URL", server.url(), "CARREL_API_KEY", server.key()));
    }

    @Test
    void shellPassesSizeKeysAndExitCodeOnAndSetsTheTerminalRight() throws Exception {
        try (Pty screen = Pty.open(100, 30)) {
            Process shell = shell(screen);
            Eventually.holds(screen::isRaw);
            screen.type("stty size\r");
            screen.awaitText("30 100");
            screen.resize(120, 40);
            typeUntil(() -> screen.shown().contains("40 120"), () -> screen.type("stty size\r"));
            screen.type(INTERRUPTED);
            screen.awaitText("begun");
            screen.type(CTRL_C);
            screen.awaitText("code-77");
            screen.type("exit 7\r");
            assertThat(Pty.exitCode(shell)).isEqualTo(7);
            screen.assertRestored();
        }
    }

    @Test
    void shellIsLeftAndComesBackAndAKilledOneSetsTheTerminalRight() throws Exception {
        try (Pty screen = Pty.open(80, 24)) {
            Process shell = shell(screen);
            Eventually.holds(screen::isRaw);
            screen.type("here=$((6 * 7)); echo it-is-$here\r");
            screen.awaitText("it-is-42");
            screen.type("\r~.");
            assertThat(Pty.exitCode(shell)).isZero();
            screen.assertRestored();
            String id = screen.shown().replaceAll("(?s).*--id (exe_\\w+).*", "$1");
            assertThat(id).startsWith("exe_");

            try (Pty other = Pty.open(80, 24)) {
                Process again = shell(other, "--id", id);
                other.awaitText("it-is-42");
                other.type("echo still-$here\r");
                other.awaitText("still-42");
                again.destroy();
                Pty.exitCode(again);
                other.assertRestored();
            }
        }
    }

    @Test
    void shellEndsWhenTheSandboxIsPausedToDiskAndComesBackToWhatRan() throws Exception {
        Assumptions.assumeTrue(HostCommand.find("runsc").isPresent(), "NOT TESTED: no runsc here");
        var request =
                SandboxRequest.builder()
                        .isolation("gvisor")
                        .network(NetworkRules.ofInternet(false))
                        .build();
        String saved = client.sandboxes().create(request).id();
        try (Pty screen = Pty.open(80, 24)) {
            Process shell = shellIn(saved, screen);
            Eventually.holds(screen::isRaw);
            screen.type("here=$((6 * 7)); echo it-is-$here\r");
            screen.awaitText("it-is-42");

            client.sandboxes().pauseToDisk(saved);

            assertThat(Pty.exitCode(shell)).isEqualTo(1);
            screen.assertRestored();
            assertThat(client.sandboxes().get(saved).state()).isEqualTo("stopped");
            String id = screen.shown().replaceAll("(?s).*--id (exe_\\w+).*", "$1");
            try (Pty other = Pty.open(80, 24)) {
                Process again = shellIn(saved, other, "--id", id);
                other.awaitText("it-is-42");
                other.type("echo still-$here; exit 7\r");
                other.awaitText("still-42");
                assertThat(Pty.exitCode(again)).isEqualTo(7);
            }
        } finally {
            client.sandboxes().delete(saved);
        }
    }

    @Test
    void shellGoesOnAfterTheServerWasKilled() throws Exception {
        try (Pty screen = Pty.open(80, 24)) {
            Process shell = shell(screen);
            Eventually.holds(screen::isRaw);
            screen.type("here=$((6 * 7)); echo it-is-$here\r");
            screen.awaitText("it-is-42");
            killAndStartAnew();
            screen.awaitText("connection lost");
            typeUntil(
                    () -> screen.shown().contains("still-42"),
                    () -> screen.type("echo still-$here\r"));
            screen.type("exit\r");
            assertThat(Pty.exitCode(shell)).isZero();
            screen.assertRestored();
        }
    }
}
