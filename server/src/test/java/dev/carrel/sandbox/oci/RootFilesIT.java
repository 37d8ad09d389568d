package dev.carrel.sandbox.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.ErrorCode;
import dev.carrel.process.HostCommand;
import dev.carrel.process.Linux;
import dev.carrel.sandbox.FileStat;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Files below a root: what is written, read and replaced.
class RootFilesIT extends RootFilesStage {
    @Test
    void whatIsWrittenIsReadAgain() throws IOException {
        write("/a/b/ü.txt", "héllo");
        assertThat(read("/a/b/ü.txt")).isEqualTo("héllo");
        assertThat(read("//a/./b/../b//ü.txt")).isEqualTo("héllo");
        try (var tail = files.read("/a/b/ü.txt", 3)) {
            assertThat(new String(tail.readAllBytes(), UTF_8)).isEqualTo("llo");
        }
        try (var beyond = files.read("/a/b/ü.txt", 1L << 40)) {
            assertThat(beyond.readAllBytes()).isEmpty();
        }
        assertThat(files.list("/a/b", false, 10)).hasSize(1);
    }

    @Test
    void newFilesAndFoldersBelongToTheSandboxesRoot() {
        write("/new/file", "x");
        FileStat file = files.stat("/new/file");
        assertThat(List.of(file.owner(), file.group(), file.mode())).containsExactly(0, 0, 0644);
        FileStat directory = files.stat("/new");
        assertThat(List.of(directory.owner(), directory.group(), directory.mode()))
                .containsExactly(0, 0, 0755);
        assertThat(directory.type()).isEqualTo(FileStat.Type.DIRECTORY);
    }

    @Test
    void aReplacedFileKeepsOwnerAndMode() throws IOException {
        Path file = Files.writeString(inside.resolve("script"), "old");
        Files.setAttribute(file, "unix:uid", BASE + 1000);
        Files.setAttribute(file, "unix:gid", BASE + 1001);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-x---"));
        write("/script", "new");
        FileStat stat = files.stat("/script");
        assertThat(List.of(stat.owner(), stat.group(), stat.mode()))
                .containsExactly(1000, 1001, 0750);
        assertThat(read("/script")).isEqualTo("new");
    }

    @Test
    void ownersOutsideOfTheSandboxAreNobody() throws IOException {
        Files.createFile(inside.resolve("hosts"));
        assertThat(files.stat("/hosts").owner()).isEqualTo(65_534);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "a", "./a", "../a", "a/../../b", "/a\0b", "\0", "/\ud800", "/x\udc00"})
    void pathsThatAreNoneAreRefused(String path) {
        assertRefusedEverywhere(ErrorCode.INVALID_PATH, path);
    }

    @Test
    void pathsThatAreTooLongAreRefused() {
        assertRefusedEverywhere(ErrorCode.INVALID_PATH, "/" + "x".repeat(300));
        assertRefusedEverywhere(ErrorCode.INVALID_PATH, "/x".repeat(2048));
        assertRefusedEverywhere(ErrorCode.INVALID_PATH, "/" + "ü".repeat(3000));
    }

    private void assertRefusedEverywhere(ErrorCode code, String path) {
        assertFails(code, () -> files.stat(path));
        assertFails(code, () -> files.list(path, true, 10));
        assertFails(code, () -> files.read(path, 0));
        assertFails(code, () -> files.write(path, stream("x")));
        assertFails(code, () -> files.delete(path));
        assertFails(code, () -> files.makeDirectory(path));
    }

    @Test
    void theWrongKindOfEntryIsAConflict() throws IOException {
        write("/file", "x");
        files.makeDirectory("/directory/inner");
        files.makeDirectory("/directory/inner");
        assertFails(ErrorCode.CONFLICT, () -> files.read("/directory", 0));
        assertFails(ErrorCode.CONFLICT, () -> files.read("/", 0));
        assertFails(ErrorCode.CONFLICT, () -> files.write("/directory", stream("x")));
        assertFails(ErrorCode.CONFLICT, () -> files.write("/file/x", stream("x")));
        assertFails(ErrorCode.CONFLICT, () -> files.write("/new/", stream("x")));
        assertFails(ErrorCode.CONFLICT, () -> files.write("/..", stream("x")));
        assertFails(ErrorCode.CONFLICT, () -> files.list("/file", false, 1));
        assertFails(ErrorCode.CONFLICT, () -> files.makeDirectory("/file"));
        assertFails(ErrorCode.INVALID_PATH, () -> files.delete("/"));
        assertFails(ErrorCode.INVALID_PATH, () -> files.delete("/directory/.."));
        assertFails(ErrorCode.FILE_NOT_FOUND, () -> files.delete("/none"));
        assertFails(ErrorCode.FILE_NOT_FOUND, () -> files.stat("/none"));
        assertFails(ErrorCode.FILE_NOT_FOUND, () -> files.list("/none", false, 1));
    }

    @Test
    void aFailedWriteLeavesTheOldContentAndNothingElse() throws IOException {
        write("/file", "old");
        var broken =
                new InputStream() {
                    private int left = 3;

                    @Override
                    public int read() {
                        throw new AssertionError("one byte at a time");
                    }

                    @Override
                    public int read(byte[] buffer, int offset, int length) throws IOException {
                        if (left-- == 0) {
                            throw new IOException("cut");
                        }
                        return length;
                    }
                };
        assertThatThrownBy(() -> files.write("/file", broken))
                .isInstanceOf(UncheckedIOException.class);
        assertThat(read("/file")).isEqualTo("old");
        assertThat(files.list("/", true, 10)).hasSize(1);
    }

    @Test
    void bigFilesAreStreamed() throws IOException {
        long size = 300L << 20;
        var zeros =
                new InputStream() {
                    private long left = size;

                    @Override
                    public int read() {
                        throw new AssertionError("one byte at a time");
                    }

                    @Override
                    public int read(byte[] buffer, int offset, int length) {
                        int n = (int) Math.min(length, left);
                        left -= n;
                        return n == 0 ? -1 : n;
                    }
                };
        long before = used();
        assertThat(files.write("/big", zeros).sizeBytes()).isEqualTo(size);
        try (var content = files.read("/big", 0)) {
            assertThat(content.transferTo(java.io.OutputStream.nullOutputStream())).isEqualTo(size);
        }
        assertThat(used() - before).isLessThan(100L << 20);
    }

    private static long used() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    @Test
    void aFileThatGrowsHasTheSizeItWasOpenedWith() throws IOException {
        write("/t/log", "12345");
        files.walk(
                "/t",
                entry -> {
                    if (entry.stat().type() == FileStat.Type.FILE) {
                        append(inside.resolve("t/log"));
                        assertThat(entry.content()).hasContent("12345");
                    }
                });
    }

    private static void append(Path file) {
        try {
            Files.writeString(file, "more", StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void timesThatNoCalendarKnowsAreShownAsItsEnds() throws Exception {
        Path file = Files.createFile(inside.resolve("future"));
        HostCommand.of("touch", "-d", "@99999999999999", file.toString()).run();
        Instant time = files.stat("/future").modifiedAt();
        assertThat(time).isBeforeOrEqualTo(Instant.parse("9999-12-31T23:59:59Z"));
        assertThat(files.list("/", true, 10)).hasSize(1);
    }

    @Test
    void holesOfACopiedFileStayHoles() throws Exception {
        Path sparse = inside.resolve("sparse");
        HostCommand.of("truncate", "-s", "1T", sparse.toString()).run().orFail();
        Files.writeString(inside.resolve("sparse"), "start", StandardOpenOption.WRITE);
        files.copy("/sparse", "/copy", false);
        assertThat(files.stat("/copy").sizeBytes()).isEqualTo(1L << 40);
        try (var content = files.read("/copy", 0)) {
            assertThat(content.readNBytes(6)).asString(UTF_8).isEqualTo("start\0");
        }
    }

    @Test
    void aFullDiskIsSaidAndLeavesNothing() throws Exception {
        HostCommand.of("mount", "-t", "tmpfs", "-o", "size=1m", "none", inside.toString())
                .run()
                .orFail();
        try (var small =
                new RootFiles(
                        new Root(
                                Linux.open(inside.toString(), Linux.O_PATH | Linux.O_DIRECTORY, 0),
                                BASE))) {
            var tooBig = "x".repeat(2 << 20);
            assertFails(ErrorCode.SANDBOX_DISK_FULL, () -> small.write("/file", stream(tooBig)));
            assertThat(small.list("/", true, 10)).isEmpty();
            assertThat(small.write("/file", stream("fits")).sizeBytes()).isEqualTo(4);
        } finally {
            HostCommand.of("umount", inside.toString()).run().orFail();
        }
    }
}
