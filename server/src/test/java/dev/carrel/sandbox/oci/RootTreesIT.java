package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.ErrorCode;
import dev.carrel.process.Directories;
import dev.carrel.process.Fd;
import dev.carrel.process.HostCommand;
import dev.carrel.process.Linux;
import dev.carrel.sandbox.FileStat;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Directories below a root: what is listed and deleted, whatever its names and depth.
class RootTreesIT extends RootFilesStage {
    @Test
    void listsAreInTheOrderOfPathsAndLimited() throws IOException {
        for (String path : List.of("/a/x", "/a-b", "/a/y/z", "/b", "/a.c", "/é/f")) {
            write(path, "x");
        }
        link("out", outside.toString());
        var all = files.list("/", true, 100).stream().map(FileStat::path).toList();
        assertThat(all)
                .containsExactly(
                        "/a", "/a-b", "/a.c", "/a/x", "/a/y", "/a/y/z", "/b", "/out", "/é", "/é/f");
        assertThat(all).isSorted();
        for (int limit = 0; limit < 12; limit++) {
            var some = files.list("/", true, limit).stream().map(FileStat::path).toList();
            assertThat(some).isEqualTo(all.subList(0, Math.min(limit + 1, all.size())));
        }
        assertThat(files.list("/", false, 100))
                .extracting(FileStat::path)
                .containsExactly("/a", "/a-b", "/a.c", "/b", "/out", "/é");
        assertThat(files.list("/a/", false, 100))
                .extracting(FileStat::path)
                .containsExactly("/a/x", "/a/y");
    }

    @Test
    void namesThatAreNotTextAreShownAndDeleted() throws IOException {
        files.makeDirectory("/d");
        HostCommand.of(
                        "sh",
                        "-c",
                        "cd \"$0\"; mkdir \"$(printf 'x\\377')\";"
                                + " echo > \"$(printf 'x\\377')/$(printf '\\303y')\"",
                        inside + "/d")
                .run()
                .orFail();
        assertThat(files.list("/", true, 10))
                .extracting(FileStat::path)
                .containsExactly("/d", "/d/x\uFFFD", "/d/x\uFFFD/\uFFFDy");
        assertThat(files.list("/", true, 10))
                .extracting(FileStat::rawPath)
                .containsExactly(
                        Optional.empty(),
                        Optional.of("/d/x\udcff"),
                        Optional.of("/d/x\udcff/\udcc3y"));
        assertThat(read("/d/x\udcff/\udcc3y")).isEqualTo("\n");
        write("/d/x\udcff/\udcc3y", "new");
        assertThat(files.stat("/d/x\udcff/\udcc3y").sizeBytes()).isEqualTo(3);
        assertThat(files.list("/", true, 10, Optional.of("/d/x\udcff"))).hasSize(1);
        assertFails(ErrorCode.FILE_NOT_FOUND, () -> files.stat("/d/x\uFFFD"));
        files.delete("/d");
        assertThat(inside).isEmptyDirectory();
    }

    @Test
    void deletingATreeTakesWhatIsInItAndNoMore() throws IOException {
        for (int i = 0; i < 3000; i++) {
            Files.createFile(
                    Files.createDirectories(inside.resolve("t/" + i % 7)).resolve("f" + i));
        }
        Files.createSymbolicLink(inside.resolve("t/3/out"), outside);
        write("/keep", "x");
        files.delete("/t");
        assertThat(files.list("/", true, 10)).extracting(FileStat::path).containsExactly("/keep");
        assertThat(outside.resolve("secret")).hasContent(SECRET);
    }

    @Test
    void aTreeDeeperThanAnyPathIsDeleted() throws IOException {
        Fd at = Linux.open(inside.toString(), Linux.O_RDONLY | Linux.O_DIRECTORY, 0);
        for (int i = 0; i < 3000; i++) {
            String name = i == 0 ? "deep" : "a-directory-with-a-name";
            Directories.makeDirectory(at, name, 0755);
            try (Fd outer = at) {
                at = Linux.openat(outer, name, Linux.O_RDONLY | Linux.O_DIRECTORY, 0);
            }
        }
        at.close();
        assertThat(files.list("/deep", true, 10_000)).hasSize(TreeListing.DEPTH_MAX);
        files.delete("/deep");
        assertThat(inside).isEmptyDirectory();
    }
}
