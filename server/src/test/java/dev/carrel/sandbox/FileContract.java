package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/// What every [SandboxRuntime] promises about files.
abstract class FileContract extends ConsoleContract {
    @Test
    void writtenFileIsReadBackInsideAndOutside() throws Exception {
        FileStat written = sandbox.files().write("/workspace/a/b/file.txt", content("grüße\n"));

        assertThat(written).isEqualTo(sandbox.files().stat("/workspace/a/b/file.txt"));
        assertThat(written.sizeBytes()).isEqualTo(8);
        assertThat(read("/workspace/a/b/file.txt")).isEqualTo("grüße\n");
        assertThat(run("cat a/b/file.txt").stdout()).isEqualTo("grüße\n");
    }

    @Test
    void writeReplacesTheWholeContent() throws Exception {
        sandbox.files().write("/workspace/file", content("long content"));
        sandbox.files().write("/workspace/file", content("short"));

        assertThat(read("/workspace/file")).isEqualTo("short");
        assertThat(sandbox.files().list("/workspace", false, 10))
                .extracting(FileStat::path)
                .containsExactly("/workspace/file");
    }

    @Test
    void failedWriteLeavesTheOldContent() throws Exception {
        sandbox.files().write("/workspace/file", content("old"));
        var failing =
                new InputStream() {
                    private int left = 100_000;

                    @Override
                    public int read() throws IOException {
                        if (left-- <= 0) {
                            throw new IOException("the client went away");
                        }
                        return 'x';
                    }
                };

        assertThatThrownBy(() -> sandbox.files().write("/workspace/file", failing))
                .isInstanceOf(RuntimeException.class);

        assertThat(read("/workspace/file")).isEqualTo("old");
        assertThat(sandbox.files().list("/workspace", false, 10)).hasSize(1);
    }

    @Test
    void readBeginsAtTheOffset() throws Exception {
        sandbox.files().write("/workspace/file", content("0123456789"));

        try (InputStream rest = sandbox.files().read("/workspace/file", 7);
                InputStream beyond = sandbox.files().read("/workspace/file", 100)) {
            assertThat(rest).hasContent("789");
            assertThat(beyond.readAllBytes()).isEmpty();
        }
    }

    @Test
    void statTellsWhatAnEntryIs() throws Exception {
        run("echo 12345 > file; chmod 640 file; mkdir dir; ln -s file link");

        FileStat file = sandbox.files().stat("/workspace/file");
        assertThat(file.type()).isEqualTo(FileStat.Type.FILE);
        assertThat(file.path()).isEqualTo("/workspace/file");
        assertThat(file.sizeBytes()).isEqualTo(6);
        assertThat(file.mode()).isEqualTo(0640);
        assertThat(file.owner()).isZero();
        assertThat(file.linkTarget()).isEmpty();
        assertThat(sandbox.files().stat("/workspace/dir").type())
                .isEqualTo(FileStat.Type.DIRECTORY);
        FileStat link = sandbox.files().stat("/workspace/link");
        assertThat(link.type()).isEqualTo(FileStat.Type.SYMLINK);
        assertThat(link.linkTarget()).contains("file");
    }

    @Test
    void listIsSortedAndBounded() throws Exception {
        run("mkdir d; touch d/z d/y b a; ln -s d e");

        assertThat(paths("/workspace", false, 10))
                .containsExactly("/workspace/a", "/workspace/b", "/workspace/d", "/workspace/e");
        assertThat(paths("/workspace", true, 10))
                .containsExactly(
                        "/workspace/a",
                        "/workspace/b",
                        "/workspace/d",
                        "/workspace/d/y",
                        "/workspace/d/z",
                        "/workspace/e");
        assertThat(paths("/workspace", false, 4)).hasSize(4);
        assertThat(paths("/workspace", false, 3)).hasSize(4);
        assertThat(paths("/workspace", false, 2)).hasSize(3);
    }

    @Test
    void deleteRemovesFilesLinksAndTrees() throws Exception {
        run("mkdir -p d/e; touch d/e/f keep; ln -s keep link; ln -s d tree");

        sandbox.files().delete("/workspace/link");
        sandbox.files().delete("/workspace/tree");
        assertThat(paths("/workspace", true, 10)).contains("/workspace/keep", "/workspace/d/e/f");
        sandbox.files().delete("/workspace/d");

        assertThat(paths("/workspace", true, 10)).containsExactly("/workspace/keep");
    }

    @Test
    void makeDirectoryMakesParentsAndMayRepeat() {
        sandbox.files().makeDirectory("/workspace/x/y/z");
        sandbox.files().makeDirectory("/workspace/x/y/z");

        assertThat(paths("/workspace", true, 10))
                .containsExactly("/workspace/x", "/workspace/x/y", "/workspace/x/y/z");
    }

    @Test
    void absentFilesAreNotFound() {
        SandboxFiles files = sandbox.files();

        assertCode(ErrorCode.FILE_NOT_FOUND, () -> files.stat("/workspace/absent"));
        assertCode(ErrorCode.FILE_NOT_FOUND, () -> files.read("/workspace/absent", 0));
        assertCode(ErrorCode.FILE_NOT_FOUND, () -> files.list("/workspace/absent", false, 10));
        assertCode(ErrorCode.FILE_NOT_FOUND, () -> files.delete("/workspace/absent"));
        assertCode(ErrorCode.FILE_NOT_FOUND, () -> files.stat("/workspace/absent/deeper"));
    }

    @Test
    void entriesOfTheWrongKindConflict() throws Exception {
        run("mkdir dir; touch file");
        SandboxFiles files = sandbox.files();

        assertCode(ErrorCode.CONFLICT, () -> files.read("/workspace/dir", 0));
        assertCode(ErrorCode.CONFLICT, () -> files.list("/workspace/file", false, 10));
        assertCode(ErrorCode.CONFLICT, () -> files.write("/workspace/dir", content("x")));
        assertCode(ErrorCode.CONFLICT, () -> files.write("/workspace/file/x", content("x")));
        assertCode(ErrorCode.CONFLICT, () -> files.makeDirectory("/workspace/file"));
    }

    /// A runtime whose host does not see them at all says so by another test.
    @Test
    protected void pipesAreSeenAndNeverOpened() throws Exception {
        run("mkfifo fifo");

        assertThat(sandbox.files().stat("/workspace/fifo").type()).isEqualTo(FileStat.Type.OTHER);
        assertCode(ErrorCode.CONFLICT, () -> sandbox.files().read("/workspace/fifo", 0));
        var seen = new HashSet<String>();
        sandbox.files().walk("/workspace", entry -> seen.add(entry.name()));
        assertThat(seen).containsExactlyInAnyOrder("", "fifo");
    }

    @Test
    void pathsThatAreNoneAreRefused() {
        SandboxFiles files = sandbox.files();

        for (String path :
                List.of(
                        "",
                        "relative",
                        "./workspace",
                        "/workspace/a\0b",
                        "/" + "x/".repeat(5000),
                        "/proc/self/environ")) {
            assertCode(ErrorCode.INVALID_PATH, () -> files.stat(path));
            assertCode(ErrorCode.INVALID_PATH, () -> files.read(path, 0));
            assertCode(ErrorCode.INVALID_PATH, () -> files.write(path, content("x")));
            assertCode(ErrorCode.INVALID_PATH, () -> files.delete(path));
            assertCode(ErrorCode.INVALID_PATH, () -> files.list(path, false, 10));
            assertCode(ErrorCode.INVALID_PATH, () -> files.makeDirectory(path));
        }
        assertCode(ErrorCode.INVALID_PATH, () -> files.delete("/"));
    }

    @Test
    void pathsStayInside() throws Exception {
        sandbox.files().write("/workspace/secret", content("inside"));
        sandbox.files().makeDirectory("/workspace/x");
        run("ln -s /workspace/secret absolute; ln -s ../../../../workspace/secret up");

        assertThat(read("/../../workspace/./x/../secret")).isEqualTo("inside");
        assertThat(read("/workspace/absolute")).isEqualTo("inside");
        assertThat(read("/workspace/up")).isEqualTo("inside");
    }

    @Test
    void writeFollowsALink() throws Exception {
        run("echo old > target; ln -s target link");

        FileStat written = sandbox.files().write("/workspace/link", content("new"));

        assertThat(written.type()).isEqualTo(FileStat.Type.FILE);
        assertThat(written.sizeBytes()).isEqualTo(3);
        assertThat(read("/workspace/target")).isEqualTo("new");
        assertThat(sandbox.files().stat("/workspace/link").type()).isEqualTo(FileStat.Type.SYMLINK);
    }

    @Test
    void writeSetsModeAndOwner() throws Exception {
        SandboxFiles files = sandbox.files();
        var attributes =
                new FileAttributes(OptionalInt.of(0750), OptionalInt.of(7), OptionalInt.of(8));

        files.write("/workspace/run", content("echo hi"), attributes);
        files.write("/workspace/plain", content("x"));

        FileStat stat = files.stat("/workspace/run");
        assertThat(stat.mode()).isEqualTo(0750);
        assertThat(stat.owner()).isEqualTo(7);
        assertThat(stat.group()).isEqualTo(8);
        assertThat(run("stat -c %u:%g:%a run plain").stdout()).isEqualTo("7:8:750\n0:0:644\n");
    }
}
