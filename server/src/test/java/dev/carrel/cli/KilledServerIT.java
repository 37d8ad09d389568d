package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.client.CarrelClient;
import dev.carrel.client.EventFeed;
import dev.carrel.client.SessionEvent;
import dev.carrel.client.UnreachableException;
import dev.carrel.wire.SessionRequest;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A server is killed with -9 after each entry of a turn's journal, and started again.
class KilledServerIT {
    /// The first, the last, and one between.
    private static final int STEPS = 3;

    private static final long MINUTES_MAX = 10;
    private static final Duration DEATH_MAX = Duration.ofSeconds(30);
    private static final List<String> LINES =
            IntStream.rangeClosed(1, STEPS).mapToObj(step -> "line " + step).toList();

    /// Servers at the same time: starting one is most of the work.
    private static final int LANES = 2;

    @TempDir Path folder;
    private Path agents;

    @BeforeEach
    void writeAgent() throws IOException {
        agents = Files.createDirectories(folder.resolve("project/.carrel"));
        Files.writeString(
                agents.resolve("agents.json"),
                "[{\"name\": \"writer\", \"model\": \"script/append\"}]");
    }

    /// A data folder with the agent in it, for one server after another.
    private Path home(String name) throws IOException {
        Path home = Files.createDirectory(folder.resolve(name));
        Files.writeString(
                home.resolve("carrel.yaml"),
                "providers: {script: {kind: scripted, script: " + script() + "}}");
        try (LocalServer server = LocalServer.start(home, Map.of())) {
            client(server).deploy(new AgentsFolder(agents).pack());
        }
        return home;
    }

    @Test
    void everyLineIsWrittenOnceWhereverTheServerDies() throws Exception {
        List<String> whole = undisturbed(home("home"));
        try (var threads = Executors.newFixedThreadPool(LANES)) {
            var lanes = new ArrayList<Future<?>>();
            for (int lane = 0; lane < LANES; lane++) {
                int first = 2 + lane;
                Path home = home("home-" + lane);
                lanes.add(
                        threads.submit(() -> {
                            killEverySecond(first, whole, home);
                            return null;
                        }));
            }
            for (Future<?> lane : lanes) {
                lane.get(MINUTES_MAX, TimeUnit.MINUTES);
            }
        }
    }

    private void killEverySecond(int first, List<String> whole, Path home) throws Exception {
        for (int entry = first; entry <= whole.size(); entry += LANES) {
            String session = killedAfter(entry, home);
            try (LocalServer server = LocalServer.start(home, Map.of())) {
                CarrelClient client = client(server);
                assertThat(await(client, session))
                        .as("killed after entry " + entry)
                        .isEqualTo(whole);
                assertThat(lines(client, session))
                        .as("killed after entry " + entry)
                        .isEqualTo(LINES);
                client.sessions().delete(session);
            }
        }
    }

    private List<String> undisturbed(Path home) throws IOException {
        try (LocalServer server = LocalServer.start(home, Map.of())) {
            CarrelClient client = client(server);
            String session = client.sessions().create(SessionRequest.of("writer")).id();
            client.sessions().send(session, "append the lines");
            List<String> types = await(client, session);
            assertThat(types).hasSize(1 + 1 + 1 + 5 * STEPS + 2 + 1);
            assertThat(lines(client, session)).isEqualTo(LINES);
            client.sessions().delete(session);
            return types;
        }
    }

    /// Returns the session whose turn was under way when the server died.
    private String killedAfter(int entry, Path home) throws Exception {
        LocalServer server =
                LocalServer.start(home, Map.of("CARREL_FAILPOINT", "journal:" + entry));
        CarrelClient client = client(server);
        String session = client.sessions().create(SessionRequest.of("writer")).id();
        try {
            client.sessions().send(session, "append the lines");
        } catch (UnreachableException e) {
            // It died before it could answer.
        }
        assertThat(server.process().onExit().get(DEATH_MAX.toSeconds(), TimeUnit.SECONDS).isAlive())
                .as("the server dies after entry " + entry)
                .isFalse();
        return session;
    }

    /// The types of the session's entries, once its turn has ended, but for what was counted of
    /// lost calls of the model, and that they were made again.
    private static List<String> await(CarrelClient client, String session) {
        var types = new ArrayList<String>();
        boolean lost = false;
        try (EventFeed feed = client.sessions().follow(session, 0)) {
            while (feed.hasNext()) {
                SessionEvent event = feed.next();
                boolean again = lost && event.type().equals("model.started");
                if (event.seq().isPresent()) {
                    lost = event.type().equals("model.lost");
                    if (!lost && !again) {
                        types.add(event.type() + " " + event.json().path("status").asText());
                    }
                }
                if (event.type().equals("turn.completed")) {
                    assertThat(event.json().path("stop_reason").asText()).isEqualTo("end");
                    return types;
                }
            }
        }
        throw new AssertionError("the feed ended after " + types);
    }

    private static List<String> lines(CarrelClient client, String session) throws IOException {
        String sandbox = client.sessions().get(session).sandbox().orElseThrow();
        try (InputStream file = client.sandboxes().readFile(sandbox, "/workspace/lines")) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }

    private Path script() throws IOException {
        var text = new StringBuilder("conversations:\n  - steps:\n");
        for (String line : LINES) {
            text.append("    - calls: [{name: bash, arguments: {command: \"echo '")
                    .append(line)
                    .append("' >> /workspace/lines\"}}]\n");
        }
        text.append("    - text: All lines are written.\n");
        return Files.writeString(folder.resolve("script.yaml"), text);
    }

    private static CarrelClient client(LocalServer server) throws IOException {
        return new CarrelClient(URI.create(server.url()), server.key());
    }
}
