package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.client.CarrelClient;
import dev.carrel.wire.SandboxRequest;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The commands against a real server, by their exit codes: 0 done, 1 failed, 2 wrong usage, 3 the
/// server cannot be reached.
class CommandsIT {
    @TempDir Path folder;

    @Test
    void commandsReachASandbox() throws IOException {
        Path home = Files.createDirectory(folder.resolve("home"));
        try (LocalServer server = LocalServer.start(home, Map.of())) {
            var client = new CarrelClient(URI.create(server.url()), server.key());
            String sandbox = client.sandboxes().create(SandboxRequest.builder().build()).id();

            assertThat(sandbox(server, "exec", sandbox, "test -d /workspace")).isZero();
            assertThat(sandbox(server, "exec", sandbox, "sh", "-c", "exit 7")).isEqualTo(7);
            assertThat(sandbox(server, "exec", sandbox, "--", "sh", "-c", "exit 7")).isEqualTo(7);
            copies(server, sandbox);
            assertThat(sandbox(server, "rm", sandbox)).isZero();
            assertThat(sandbox(server, "rm", sandbox)).isEqualTo(1);
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
