package dev.carrel.cli;

import dev.carrel.client.CarrelClient;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// A server in a process of its own, as users start it, for the tests of other packages. It takes
/// its sandboxes and its home with it.
public final class RealServer implements AutoCloseable {
    private final Path home;
    private final LocalServer server;

    private RealServer(Path home, LocalServer server) {
        this.home = home;
        this.server = server;
    }

    /// `config` is the text of its `carrel.yaml`.
    public static RealServer start(String config) throws IOException {
        Path home = Files.createTempDirectory("carrel-test-");
        Files.writeString(home.resolve("carrel.yaml"), config);
        return new RealServer(home, LocalServer.start(home, Map.of()));
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
