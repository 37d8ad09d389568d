package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.client.CarrelClient;
import dev.carrel.client.SandboxCalls;
import dev.carrel.client.UnreachableException;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.SandboxRequest;
import dev.carrel.wire.SnapshotInfo;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A real server that is killed after chosen steps, each time followed by another one on the same
/// home: that one shows what it has found, and is the next to die.
@Timeout(value = 5, unit = TimeUnit.MINUTES)
abstract class DyingServers {
    private static final Duration DEATH_MAX = Duration.ofSeconds(30);

    private static final int LIST_MAX = 50;

    @TempDir Path home;

    /// What kills the server, and what the next one has to find.
    record Case(String step, Deed deed, Check check) {}

    /// Something that a server does not survive; on the sandbox of this id.
    interface Deed {
        void on(CarrelClient client, String id);
    }

    /// Looks at what there is after the restart.
    interface Check {
        void on(CarrelClient client, String id) throws IOException;
    }

    /// Each with a sandbox in which `/workspace/f` is "kept", and nothing else.
    void dieAndLook(List<Case> cases) throws Exception {
        LocalServer server = start();
        try {
            for (Case each : cases) {
                String id = make(client(server));
                killAfter(server, each, id);
                server.close();
                server = start();
                each.check().on(client(server), id);
                clear(client(server), each);
            }
        } finally {
            server.close();
        }
    }

    private LocalServer start() throws IOException {
        Files.deleteIfExists(trigger());
        return LocalServer.start(home, Map.of("CARREL_FAILPOINT", "@" + trigger()));
    }

    private Path trigger() {
        return home.resolve("fatal-step");
    }

    static CarrelClient client(LocalServer server) throws IOException {
        return new CarrelClient(URI.create(server.url()), server.key());
    }

    /// The sandboxes that servers die with.
    SandboxRequest request() {
        return SandboxRequest.defaults();
    }

    private String make(CarrelClient client) {
        String id = client.sandboxes().create(request()).id();
        write(client.sandboxes(), id, "kept");
        return id;
    }

    private void killAfter(LocalServer server, Case each, String id) throws Exception {
        Path whole = home.resolve("fatal-step.new");
        Files.writeString(whole, "sandbox:" + each.step());
        Files.move(whole, trigger());
        try {
            each.deed().on(client(server), id);
        } catch (UnreachableException e) {
            // It died before it could answer.
        }
        assertThat(server.process().onExit().get(DEATH_MAX.toSeconds(), TimeUnit.SECONDS).isAlive())
                .as("the server dies after " + each.step())
                .isFalse();
    }

    private void clear(CarrelClient client, Case each) throws IOException {
        client.sandboxes().list().data().forEach(left -> client.sandboxes().delete(left.id()));
        snapshots(client).forEach(left -> client.snapshots().delete(left.id()));
        for (String folder : List.of("sandboxes", "snapshots")) {
            assertThat(entries(folder)).as(folder + " after " + each.step()).isEmpty();
        }
    }

    static List<SnapshotInfo> snapshots(CarrelClient client) {
        return client.snapshots().list(Optional.empty(), LIST_MAX, Optional.empty()).data();
    }

    List<Path> entries(String folder) throws IOException {
        if (!Files.exists(home.resolve(folder))) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(home.resolve(folder))) {
            return all.toList();
        }
    }

    static void write(SandboxCalls sandboxes, String id, String text) {
        sandboxes.writeFile(id, "/workspace/f", text.getBytes(StandardCharsets.UTF_8));
    }

    static String output(SandboxCalls sandboxes, String id, String line) {
        return sandboxes.execute(id, ExecuteRequest.of(Command.line(line))).stdout();
    }

    static void isStillWhole(SandboxCalls sandboxes, String id) {
        assertThat(output(sandboxes, id, "cat f")).isEqualTo("kept");
    }
}
