package dev.carrel.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/// What every [SandboxRuntime] promises about trees of files.
abstract class TreeContract extends FileContract {
    @Test
    void changeSetsModeAndOwnerOfATreeButFollowsNoLink() throws Exception {
        run("mkdir -p t/d; touch t/d/f outside; chmod 600 outside; ln -s ../outside t/link");
        var attributes =
                new FileAttributes(OptionalInt.of(0711), OptionalInt.of(5), OptionalInt.empty());

        sandbox.files().change("/workspace/t", attributes, true);

        assertThat(run("stat -c %u:%a t t/d t/d/f outside").stdout())
                .isEqualTo("5:711\n5:711\n5:711\n0:600\n");
        sandbox.files().change("/workspace/t", FileAttributes.ofMode(0700), false);
        assertThat(run("stat -c %a t t/d").stdout()).isEqualTo("700\n711\n");
        assertCode(
                ErrorCode.FILE_NOT_FOUND,
                () -> sandbox.files().change("/workspace/no", FileAttributes.ofMode(0), false));
    }

    @Test
    void moveTakesATreeToItsNewPlace() throws Exception {
        run("mkdir -p a/b; echo x > a/b/f; ln -s b/f a/link");

        sandbox.files().move("/workspace/a", "/workspace/new/place/a", false);

        assertThat(paths("/workspace", true, 20))
                .contains("/workspace/new/place/a/b/f", "/workspace/new/place/a/link")
                .doesNotContain("/workspace/a");
        assertThat(read("/workspace/new/place/a/b/f")).isEqualTo("x\n");
    }

    @Test
    void copyTakesContentModesTimesAndLinks() throws Exception {
        run(
                "mkdir -p a/b; echo x > a/b/f; chmod 4711 a/b/f; ln -s b/f a/link;"
                        + " touch -d 2001-02-03T04:05:06Z a/b/f; chmod 700 a");

        CopyResult result = sandbox.files().copy("/workspace/a", "/workspace/c", false);

        assertThat(result.entries()).isEqualTo(4);
        assertThat(run("stat -c %a:%Y c c/b/f; readlink c/link; cat c/b/f").stdout())
                .startsWith("700:")
                .endsWith("4711:981173106\nb/f\nx\n");
        assertThat(paths("/workspace/a", true, 20)).hasSize(3);
    }

    @Test
    void whatIsThereIsOnlyReplacedOnDemand() throws Exception {
        run("echo new > a; echo old > b; mkdir -p d/e t/u; touch d/e/f t/u/v");
        SandboxFiles files = sandbox.files();

        assertCode(ErrorCode.CONFLICT, () -> files.move("/workspace/a", "/workspace/b", false));
        assertCode(ErrorCode.CONFLICT, () -> files.copy("/workspace/a", "/workspace/b", false));
        assertCode(ErrorCode.CONFLICT, () -> files.copy("/workspace/d", "/workspace/t", false));
        assertThat(read("/workspace/b")).isEqualTo("old\n");
        files.copy("/workspace/a", "/workspace/b", true);
        assertThat(read("/workspace/b")).isEqualTo("new\n");
        files.copy("/workspace/d", "/workspace/t", true);
        assertThat(paths("/workspace/t", true, 9))
                .containsExactly("/workspace/t/e", "/workspace/t/e/f");
        files.move("/workspace/a", "/workspace/d", true);
        assertThat(read("/workspace/d")).isEqualTo("new\n");
        assertThat(paths("/workspace", false, 20))
                .containsExactly("/workspace/b", "/workspace/d", "/workspace/t");
    }

    @Test
    void aTreeDoesNotGoIntoItself() throws Exception {
        run("mkdir -p a/b; touch a/f");
        SandboxFiles files = sandbox.files();

        assertCode(ErrorCode.CONFLICT, () -> files.copy("/workspace/a", "/workspace/a/b/c", false));
        assertCode(ErrorCode.CONFLICT, () -> files.move("/workspace/a", "/workspace/a/b/c", false));
        assertThat(paths("/workspace", true, 20))
                .containsExactly("/workspace/a", "/workspace/a/b", "/workspace/a/f");
    }

    @Test
    protected void aCopyLeavesOutWhatIsNoFile() throws Exception {
        run("mkdir a; touch a/f");
        String socket = "import socket; socket.socket(socket.AF_UNIX).bind('a/socket')";
        run(request(List.of("python3", "-c", socket)));

        CopyResult result = sandbox.files().copy("/workspace/a", "/workspace/b", false);

        assertThat(result.skipped()).containsExactly("socket");
        assertThat(result.entries()).isEqualTo(2);
        assertCode(
                ErrorCode.CONFLICT,
                () -> sandbox.files().copy("/workspace/a/socket", "/workspace/c", false));
        assertThat(paths("/workspace", false, 20)).hasSize(2);
    }

    @Test
    void listsGoOnWhereTheyEnded() throws Exception {
        run("mkdir -p a/x b; touch a/x/1 a-b a/y b/z");
        List<String> all = paths("/workspace", true, 20);
        for (String after : all) {
            assertThat(sandbox.files().list("/workspace", true, 20, Optional.of(after)))
                    .extracting(FileStat::path)
                    .isEqualTo(all.subList(all.indexOf(after) + 1, all.size()));
        }
        assertThat(sandbox.files().list("/workspace", true, 20, Optional.of("/workspace/a/x/0")))
                .extracting(FileStat::path)
                .startsWith("/workspace/a/x/1");
    }

    @Test
    void aWalkShowsAllWithParentsFirst() throws Exception {
        run("mkdir -p a/b; printf hello > a/b/f; ln -s b/f a/link");
        var seen = new ArrayList<String>();

        sandbox.files()
                .walk(
                        "/workspace/a",
                        entry -> seen.add(entry.name() + "=" + text(entry.content())));

        assertThat(seen).containsExactlyInAnyOrder("=", "b=", "b/f=hello", "link=");
        assertThat(seen.indexOf("b=")).isLessThan(seen.indexOf("b/f=hello"));
        assertThat(seen.getFirst()).isEqualTo("=");
        assertCode(
                ErrorCode.FILE_NOT_FOUND, () -> sandbox.files().walk("/workspace/none", _ -> {}));
    }

    private static String text(InputStream content) {
        try {
            return new String(content.readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aTreeIsWrittenBelowItsDirectoryAlone() throws Exception {
        run("mkdir -p t; ln -s /workspace t/out; echo keep > victim; ln -s ../victim t/file");
        Instant time = Instant.parse("2001-02-03T04:05:06Z");
        sandbox.files()
                .writeTree(
                        "/workspace/t",
                        tree -> {
                            tree.directory("d", FileAttributes.ofMode(0700));
                            tree.file("d/e/f", FileAttributes.ofMode(0755), time, content("one"));
                            tree.file("file", FileAttributes.NONE, time, content("two"));
                            tree.symlink("d/link", "e/f");
                            tree.hardLink("d/same", "d/e/f");
                            assertCode(
                                    ErrorCode.CONFLICT,
                                    () ->
                                            tree.file(
                                                    "out/victim",
                                                    FileAttributes.NONE,
                                                    time,
                                                    content("bad")));
                            assertCode(ErrorCode.CONFLICT, () -> tree.hardLink("x", "out/victim"));
                        });

        assertThat(run("cat victim t/file t/d/link; stat -c %a:%Y:%h:%u t/d/e/f").stdout())
                .isEqualTo("keep\ntwoone755:981173106:2:0\n");
    }

    @Test
    void anOpenFileStaysTheSameFile() throws Exception {
        sandbox.files().write("/workspace/file", content("before"));
        try (OpenFile open = sandbox.files().open("/workspace/file");
                InputStream in = open.from(3)) {
            assertThat(open.stat().sizeBytes()).isEqualTo(6);
            assertThat(in.readAllBytes()).asString().isEqualTo("ore");
        }
        String before = version();
        assertThat(version()).isEqualTo(before);
        sandbox.files().write("/workspace/file", content("after, and longer"));
        assertThat(version()).isNotEqualTo(before);
    }

    private String version() {
        try (OpenFile open = sandbox.files().open("/workspace/file")) {
            return open.version();
        }
    }
}
