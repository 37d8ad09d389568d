package dev.carrel.cli;

import dev.carrel.client.CarrelClient;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// A server in a process of its own, as users start it, for the tests of other packages. It takes
/// its sandboxes and its home with it.
public final class RealServer implements AutoCloseable {
    private static final long DEATH_SECONDS_MAX = 30;

    private final Path home;
    private final Map<String, String> environment;
    private LocalServer server;

    private RealServer(Path home, Map<String, String> environment) throws IOException {
        this.home = home;
        this.environment = environment;
        this.server = LocalServer.start(home, environment);
    }

    /// `config` is the text of its `carrel.yaml`.
    public static RealServer start(String config) throws IOException {
        return start(config, Map.of());
    }

    /// With more environment variables.
    public static RealServer start(String config, Map<String, String> environment)
            throws IOException {
        Path home = Files.createTempDirectory("carrel-test-");
        Files.writeString(home.resolve("carrel.yaml"), config);
        return new RealServer(home, environment);
    }

    /// With a provider `script` that says what the text `script` tells it to, with the agents of
    /// the text `agents` (see `agents.json`), with more `config` and more environment variables.
    public static RealServer scripted(
            String script, String agents, String config, Map<String, String> environment)
            throws IOException {
        Path home = Files.createTempDirectory("carrel-test-");
        Path file = Files.writeString(home.resolve("script.yaml"), script);
        Files.writeString(
                home.resolve("carrel.yaml"),
                "providers: {script: {kind: scripted, script: " + file + "}}\n" + config);
        var server = new RealServer(home, environment);
        Path folder = Files.createDirectories(home.resolve("project/.carrel"));
        Files.writeString(folder.resolve("agents.json"), agents);
        server.deploy(folder);
        return server;
    }

    public static RealServer scripted(String script, String agents, String config)
            throws IOException {
        return scripted(script, agents, config, Map.of());
    }

    public static RealServer scripted(String script, String agents) throws IOException {
        return scripted(script, agents, "");
    }

    /// As `kill -9` does: sandboxes and their commands run on. [#revive] comes next.
    public void kill() throws Exception {
        server.process().destroyForcibly();
        server.process().onExit().get(DEATH_SECONDS_MAX, TimeUnit.SECONDS);
    }

    /// Starts another one in the same home, on another port.
    public void revive() throws IOException {
        server = LocalServer.start(home, environment);
    }

    /// Deploys a `.carrel` folder.
    public void deploy(Path folder) throws IOException {
        client().deploy(new AgentsFolder(folder).pack());
    }

    public Path home() {
        return home;
    }

    public URI uri() {
        return URI.create(server.url());
    }

    public String key() throws IOException {
        return server.key();
    }

    public CarrelClient client() throws IOException {
        return new CarrelClient(uri(), key());
    }

    @Override
    public void close() throws IOException {
        server.close();
        try (var paths = Files.walk(home)) {
            for (Path path : paths.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
