package dev.carrel.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.NetworkRules;
import dev.carrel.wire.ResourceLimits;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Files that are not what they seem, and more of them than anyone wants to hear of.
@Timeout(600)
class FilesIT extends AttackStage {
    private static final int ENTRIES = Integer.getInteger("carrel.entries", 50_000);
    private static final int PAGE = 10_000;

    private RawHttp http;

    @BeforeAll
    void openHttp() throws IOException {
        http = new RawHttp(server.uri(), server.key());
    }

    /// Neither reader nor server waits for a FIFO, or reads for ever.
    @Test
    void whatIsNoFileIsNotRead() throws IOException {
        run(
                sandbox,
                """
                mkfifo fifo; ln -s fifo to-fifo; ln -s /dev/zero zero; ln -s loop loop
                python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
                mkdir tree; mkfifo tree/fifo; echo x > tree/plain
                """);
        String root = "/v1/sandboxes/" + sandbox;
        for (String name : List.of("fifo", "to-fifo", "zero", "loop", "socket")) {
            String file = root + "/files/workspace/" + name;
            assertThat(http.send("GET", file, "")).as(name).startsWith("HTTP/1.1 4");
            assertThat(http.send("GET", file + "?stat=true", ""))
                    .as(name)
                    .doesNotStartWith("HTTP/1.1 5");
        }
        for (String path : List.of("dev/zero", "dev/full", "proc/kmsg", "proc/self/mem")) {
            assertThat(http.send("GET", root + "/files/" + path, ""))
                    .as(path)
                    .startsWith("HTTP/1.1 4");
        }
        assertThat(http.send("GET", root + "/archive?path=/workspace/tree", ""))
                .startsWith("HTTP/1.1 200");
        assertThat(http.send("GET", root + "/files/workspace/tree?list=true", ""))
                .contains("/workspace/tree/plain\"", "/workspace/tree/fifo\"");
        assertThat(http.send("PUT", root + "/files/workspace/fifo", "new"))
                .doesNotStartWith("HTTP/1.1 5");
    }

    /// A size is only what the file system says.
    @Test
    void sizesAreNotBelieved() throws IOException {
        run(sandbox, "truncate -s 1T sparse; setsid -f sh -c 'yes > growing' 2> /dev/null");
        String root = "/v1/sandboxes/" + sandbox;
        String file = root + "/files/workspace/";
        assertThat(http.send("GET", file + "sparse?stat=true", "")).contains("1099511627776");
        // The answer's first bytes are enough: it is closed while the rest is under way.
        assertThat(http.send("GET", file + "sparse", ""))
                .startsWith("HTTP/1.1 200")
                .containsIgnoringCase("content-length: 1099511627776");
        assertThat(http.send("GET", root + "/archive?path=/workspace", ""))
                .satisfies(
                        answer -> assertThat(RawHttp.status(answer)).isIn(200, 400, 409, 413, 422));
        assertThat(http.send("POST", file + "sparse?op=copy", "{\"destination\":\"/workspace/c\"}"))
                .doesNotStartWith("HTTP/1.1 5");
        assertThat(http.send("GET", file + "growing?stat=true", "")).startsWith("HTTP/1.1 200");
        String read = http.send("GET", file + "growing", "");
        assertThat(read).satisfies(text -> assertThat(RawHttp.status(text)).isIn(200, 409));
        run(sandbox, "pkill yes; rm -f sparse growing c");
    }

    /// Listed in pages, counted, copied out as a stream, and removed, in a time that is bounded and
    /// with a server that goes on working; a million of them with `-Dcarrel.entries=1000000`.
    @Test
    void aCrowdedDirectoryIsJustALongList() throws IOException {
        var roomy =
                new ResourceLimits(
                        Optional.of(1.0), Optional.of(512), Optional.of(1024 + ENTRIES / 100));
        String crowded = create(NetworkRules.ofInternet(false), roomy);
        String make =
                "import os\nos.mkdir('/workspace/crowd'); os.chdir('/workspace/crowd')\n"
                        + "for i in range(%d): os.close(os.open(f'entry-{i:07}', os.O_CREAT))"
                                .formatted(ENTRIES);
        long start = System.nanoTime();
        var made =
                client.sandboxes()
                        .execute(
                                crowded,
                                ExecuteRequest.of(Command.of(List.of("python3", "-c", make)))
                                        .withTimeoutSeconds(300));
        assertThat(made.exitCode()).as(made.stderr()).contains(0);
        double making = seconds(start);

        String files = "/v1/sandboxes/" + crowded + "/files/workspace/crowd";
        start = System.nanoTime();
        assertThat(http.send("GET", files + "?list=true&limit=10", "")).contains("entry-0000009");
        double first = seconds(start);
        start = System.nanoTime();
        assertThat(pages(crowded)).isEqualTo(ENTRIES);
        double all = seconds(start);
        assertThat(run(neighbour, "echo well").stdout()).isEqualTo("well\n");

        start = System.nanoTime();
        client.sandboxes().deleteFile(crowded, "/workspace/crowd");
        System.out.printf(
                Locale.ROOT,
                "%d entries: made in %.1f s, first page %.2f, all pages %.1f, removed %.1f%n",
                ENTRIES,
                making,
                first,
                all,
                seconds(start));
        assertThat(run(crowded, "ls /workspace").stdout()).isEmpty();
        client.sandboxes().delete(crowded);
    }

    private int pages(String crowded) {
        int count = 0;
        Optional<String> cursor = Optional.empty();
        do {
            var page = client.sandboxes().listFiles(crowded, "/workspace/crowd", PAGE, cursor);
            count += page.data().size();
            cursor = page.nextCursor();
        } while (cursor.isPresent());
        return count;
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }
}
