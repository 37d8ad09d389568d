package dev.carrel.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.ExecutionInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// One sandbox takes all it can get; its neighbour goes on working, and the command that did it
/// ends when its time is over. The neighbour's latency is printed beside its own before the attack:
/// machines differ too much to demand a number.
class BombsIT extends AttackStage {
    private static final double SECONDS = 2;
    private static final int CALM = 20;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "forks",
                "threads",
                "memory",
                "shared_memory",
                "disk",
                "inodes",
                "folders",
                "log",
                "descriptors",
                "cpu",
                "signals",
                "syncs"
            })
    void aBombIsFeltByItsOwnerOnly(String kind) throws IOException {
        List<Double> calm = latencies(CALM);
        var bomb = CompletableFuture.supplyAsync(() -> explode(kind));
        var shaken = new ArrayList<Double>();
        while (!bomb.isDone()) {
            shaken.addAll(latencies(1));
        }
        ExecutionInfo end = bomb.join();
        assertThat(end.status())
                .as(end.stderr())
                .isIn("timed_out", "out_of_memory", "killed", "completed");
        assertThat(shaken).as("commands of the neighbour meanwhile").hasSizeGreaterThan(5);
        System.out.printf(
                Locale.ROOT,
                "%-13s %-13s neighbour's command p50 %5.1f ms (calm %4.1f), worst %6.1f (%5.1f)%n",
                kind,
                end.status(),
                median(shaken),
                median(calm),
                Collections.max(shaken),
                Collections.max(calm));
        clearUp();
    }

    private ExecutionInfo explode(String kind) {
        try {
            byte[] text = Files.readAllBytes(Path.of("src/test/resources/attacks/bombs.py"));
            client.sandboxes().writeFile(sandbox, "/root/bombs.py", text);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return client.sandboxes()
                .execute(
                        sandbox,
                        ExecuteRequest.of(Command.of(List.of("python3", "/root/bombs.py", kind)))
                                .withTimeoutSeconds(SECONDS));
    }

    /// Children that left the command's group die with the sandbox at the latest; the next bomb
    /// gets a fresh one.
    private void clearUp() {
        client.sandboxes().delete(sandbox);
        sandbox = create();
    }

    private List<Double> latencies(int count) {
        var latencies = new ArrayList<Double>();
        for (int i = 0; i < count; i++) {
            long start = System.nanoTime();
            ExecutionInfo result = run(neighbour, "echo x > file && cat file");
            assertThat(result.stdout()).as(result.stderr()).isEqualTo("x\n");
            latencies.add((System.nanoTime() - start) / 1e6);
        }
        return latencies;
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.get(sorted.size() / 2);
    }
}
