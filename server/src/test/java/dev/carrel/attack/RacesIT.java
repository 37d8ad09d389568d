package dev.carrel.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.CarrelException;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// Folders that turn into links, and back, while the API writes, reads and deletes below them.
class RacesIT extends AttackStage {
    private static final int WRITES = Integer.getInteger("carrel.races", 10_000);
    private static final int WRITERS = 4;
    private static final byte[] TEXT = "written".getBytes(StandardCharsets.UTF_8);

    @Test
    void noWriteLandsOutsideWhileLinksAreSwapped() throws Exception {
        Path outside = Files.createTempDirectory("carrel-marker-");
        Files.writeString(outside.resolve("f"), "untouched");
        String prepare =
                "mkdir -p %1$s real; ln -s %1$s out; ln -s ../../../../../../.. up; ln -s real swap"
                        .formatted(outside);
        assertThat(run(sandbox, prepare).exitCode()).contains(0);
        String swap =
                """
                exec python3 -c '
                import os
                targets = ["real", "out", "up", "/proc/1/root", "/proc/self/root"]
                turn = 0
                while True:
                    turn += 1
                    os.symlink(targets[turn % 5], "new")
                    os.rename("new", "swap")
                '
                """;
        var swapping =
                CompletableFuture.supplyAsync(() ->
                        client.sandboxes()
                                .execute(
                                        sandbox,
                                        ExecuteRequest.of(Command.line(swap))
                                                .withTimeoutSeconds(170)));
        var written = new AtomicInteger();
        var refused = new AtomicInteger();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int writer = 0; writer < WRITERS; writer++) {
                int number = writer;
                threads.execute(() -> write(number, outside, written, refused));
            }
        }
        System.out.printf("races: %d written, %d refused%n", written.get(), refused.get());
        assertThat(written.get() + refused.get()).isEqualTo(WRITES);
        assertThat(written.get()).as("through plain folders and links").isPositive();
        assertThat(refused.get()).as("through links of the kernel's").isPositive();
        try (var left = Files.list(outside)) {
            assertThat(left).containsExactly(outside.resolve("f"));
        }
        assertThat(outside.resolve("f")).hasContent("untouched");
        assertThat(Path.of("/f0")).doesNotExist();
        Files.delete(outside.resolve("f"));
        Files.delete(outside);
        client.sandboxes().delete(sandbox);
        swapping.handle((result, ended) -> result).join();
        sandbox = create();
    }

    private void write(int number, Path outside, AtomicInteger written, AtomicInteger refused) {
        for (int i = 0; i < WRITES / WRITERS; i++) {
            String path =
                    i % 2 == 0 ? "/workspace/swap/f" + number : "/workspace/swap" + outside + "/f";
            try {
                client.sandboxes().writeFile(sandbox, path, TEXT);
                written.incrementAndGet();
            } catch (CarrelException e) {
                assertThat(e.code().httpStatus()).as(e.getMessage()).isLessThan(500);
                refused.incrementAndGet();
            }
        }
    }
}
