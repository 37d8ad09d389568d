package dev.carrel.sandbox.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.Directories;
import dev.carrel.process.Fd;
import dev.carrel.process.HostCommand;
import dev.carrel.process.Linux;
import dev.carrel.sandbox.FileStat;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RootFilesIT {
    private static final int BASE = 100_000;
    private static final String SECRET = "outside";

    @TempDir Path folder;
    private Path inside;
    private Path outside;
    private RootFiles files;

    @BeforeEach
    void open() throws IOException {
        inside = Files.createDirectory(folder.resolve("inside"));
        outside = Files.createDirectory(folder.resolve("outside"));
        Files.writeString(outside.resolve("secret"), SECRET);
        Fd root = Linux.open(inside.toString(), Linux.O_PATH | Linux.O_DIRECTORY, 0);
        files = new RootFiles(new Root(root, BASE));
    }

    @AfterEach
    void close() {
        files.close();
    }

    private static InputStream stream(String text) {
        return new ByteArrayInputStream(text.getBytes(UTF_8));
    }

    private void write(String path, String text) {
        assertThat(files.write(path, stream(text)).sizeBytes())
                .isEqualTo(text.getBytes(UTF_8).length);
    }

    private String read(String path) throws IOException {
        try (var content = files.read(path, 0)) {
            return new String(content.readAllBytes(), UTF_8);
        }
    }

    private static void assertFails(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        CarrelException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private void link(String name, String target) throws IOException {
        Files.createSymbolicLink(inside.resolve(name), Path.of(target));
    }

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
    void nothingLeadsOut() throws IOException {
        String secret = outside.resolve("secret").toString();
        link("absolute", secret);
        link("relative", "../outside/secret");
        link("deep", "../../../../../../../../../.." + secret);
        link("directory", outside.toString());
        link("up", "..");
        link("chain", "absolute");
        List<String> ways =
                List.of(
                        "/absolute",
                        "/relative",
                        "/deep",
                        "/chain",
                        "/directory/secret",
                        "/up/outside/secret",
                        "/../outside/secret",
                        "/../../../../../.." + secret,
                        secret);
        for (String way : ways) {
            assertFails(ErrorCode.FILE_NOT_FOUND, () -> files.read(way, 0));
        }
        assertFails(ErrorCode.FILE_NOT_FOUND, () -> files.list("/directory", true, 10));
        for (String way : ways) {
            try {
                files.write(way, stream("hostile"));
            } catch (CarrelException e) {
                assertThat(e.code()).isIn(ErrorCode.FILE_NOT_FOUND, ErrorCode.CONFLICT);
            }
        }
        files.delete("/absolute");
        files.delete("/directory");
        assertThat(outside).isDirectoryContaining(path -> path.endsWith("secret"));
        try (Stream<Path> left = Files.list(outside)) {
            assertThat(left).hasSize(1);
        }
        assertThat(outside.resolve("secret")).hasContent(SECRET);
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactlyInAnyOrder(inside, outside);
        }
    }

    @Test
    void linksAreFollowedWithinTheRoot() throws IOException {
        write("/etc/real", "old");
        link("absolute", "/etc/real");
        link("relative", "etc/real");
        link("directory", "/etc");
        link("dangling", "/made/by/link");
        write("/absolute", "one");
        assertThat(read("/relative")).isEqualTo("one");
        write("/directory/real", "two");
        assertThat(read("/etc/real")).isEqualTo("two");
        write("/dangling", "three");
        assertThat(read("/made/by/link")).isEqualTo("three");
        assertThat(files.stat("/absolute").type()).isEqualTo(FileStat.Type.SYMLINK);
        assertThat(files.stat("/absolute").linkTarget()).hasValue("/etc/real");
        assertThat(files.list("/directory", false, 10))
                .extracting(FileStat::path)
                .containsExactly("/directory/real");
        files.delete("/directory");
        assertThat(read("/etc/real")).isEqualTo("two");
    }

    @Test
    void linksInCirclesAreRefused() throws IOException {
        link("a", "b");
        link("b", "a");
        assertFails(ErrorCode.INVALID_PATH, () -> files.read("/a", 0));
        assertFails(ErrorCode.INVALID_PATH, () -> files.write("/a", stream("x")));
        assertFails(ErrorCode.INVALID_PATH, () -> files.write("/a/c", stream("x")));
        assertThat(files.stat("/a").type()).isEqualTo(FileStat.Type.SYMLINK);
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
    void devicesAndFifosAreNeverOpened() throws IOException {
        HostCommand.of("mkfifo", inside.resolve("fifo").toString()).run().orFail();
        HostCommand.of("mknod", inside.resolve("zero").toString(), "c", "1", "5").run().orFail();
        for (String path : List.of("/fifo", "/zero")) {
            assertFails(ErrorCode.CONFLICT, () -> files.read(path, 0));
            assertFails(ErrorCode.CONFLICT, () -> files.write(path, stream("x")));
            assertThat(files.stat(path).type()).isEqualTo(FileStat.Type.OTHER);
            files.delete(path);
        }
        assertThat(inside).isEmptyDirectory();
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
    void aRaceOfDirectoryAndLinkNeverLeadsOut() throws Exception {
        Files.createDirectory(inside.resolve("real"));
        var stop = new AtomicBoolean();
        Path swapped = inside.resolve("swap");
        Thread swapper =
                Thread.ofPlatform()
                        .start(() -> {
                            try (Fd root =
                                    Linux.open(
                                            inside.toString(),
                                            Linux.O_RDONLY | Linux.O_DIRECTORY,
                                            0)) {
                                while (!stop.get()) {
                                    swap(root, swapped);
                                }
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        });
        int written = 0;
        for (int i = 0; i < 20_000; i++) {
            try {
                files.write("/swap/file" + i % 10, stream("x"));
                written++;
                files.read("/swap/secret", 0).close();
                throw new AssertionError("read what is outside");
            } catch (CarrelException e) {
                assertThat(e.code()).isIn(ErrorCode.FILE_NOT_FOUND, ErrorCode.CONFLICT);
            }
            if (i % 100 == 0) {
                deleteQuietly("/swap");
            }
        }
        stop.set(true);
        assertThat(swapper.join(Duration.ofSeconds(20))).isTrue();
        assertThat(written).isPositive();
        try (Stream<Path> left = Files.list(outside)) {
            assertThat(left).containsExactly(outside.resolve("secret"));
        }
        assertThat(outside.resolve("secret")).hasContent(SECRET);
    }

    // A directory becomes a link to the outside, and again a directory.
    private void swap(Fd root, Path swapped) {
        try {
            Directories.symlink("../outside", root, "link");
            Directories.rename(root, "swap", root, "gone", 0);
            files.delete("/gone");
            Directories.rename(root, "link", root, "swap", Directories.RENAME_NOREPLACE);
            Directories.unlink(root, "swap", 0);
            Directories.makeDirectory(root, "swap", 0755);
        } catch (IOException | CarrelException e) {
            // The writer made or deleted one first: the next round finds it another way.
            try {
                Directories.unlinkIfThere(root, "link");
            } catch (IOException alsoExpected) {
                return;
            }
        }
    }

    private void deleteQuietly(String path) {
        try {
            files.delete(path);
        } catch (CarrelException e) {
            assertThat(e.code()).isIn(ErrorCode.FILE_NOT_FOUND, ErrorCode.CONFLICT);
        }
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

    @Test
    void mountsAndReadOnlyFileSystemsAreForbiddenGround() throws Exception {
        Files.createDirectories(inside.resolve("d/mount"));
        String mount = inside.resolve("d/mount").toString();
        HostCommand.of("mount", "-t", "tmpfs", "-o", "ro", "none", mount).run().orFail();
        try {
            assertFails(ErrorCode.FORBIDDEN, () -> files.write("/d/mount/f", stream("x")));
            assertFails(ErrorCode.FORBIDDEN, () -> files.delete("/d"));
            assertThat(files.list("/", true, 10))
                    .extracting(FileStat::path)
                    .containsExactly("/d", "/d/mount");
        } finally {
            HostCommand.of("umount", mount).run().orFail();
        }
    }

    @Test
    void aRealRootWithProcAndItsOwnTmpfs() throws Exception {
        // A user namespace in which the host's root is nobody, with a tmpfs that it mounted.
        String script =
                "mount -t tmpfs none /mnt && mkdir -m 700 /mnt/d && echo ready && read wait";
        Process process =
                new ProcessBuilder(
                                "setpriv",
                                "--reuid=190778",
                                "--regid=190778",
                                "--clear-groups",
                                "unshare",
                                "--user",
                                "--map-root-user",
                                "--mount",
                                "--pid",
                                "--fork",
                                "--mount-proc",
                                "--kill-child",
                                "sh",
                                "-c",
                                script)
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        try (var reader = process.inputReader()) {
            assertThat(reader.readLine()).isEqualTo("ready");
            long pid = process.children().findFirst().orElseThrow().pid();
            try (var real = RootFiles.ofProcess(pid, 190_778)) {
                assertThat(real.write("/mnt/new/file", stream("x")).sizeBytes()).isOne();
                assertThat(real.write("/mnt/d/file", stream("x")).sizeBytes()).isOne();
                assertThat(real.stat("/mnt/new/file").owner()).isZero();
                assertThat(real.stat("/mnt/new").owner()).isZero();
                assertThat(Path.of("/mnt/new")).doesNotExist();
                for (String path :
                        List.of(
                                "/proc/self/environ",
                                "/proc/1/root/etc/passwd",
                                "/proc/self/cwd/x",
                                "/proc/1/fd/0",
                                "/proc/sys/kernel/core_pattern",
                                "/proc",
                                "/sys/kernel/uevent_helper")) {
                    assertFailsSomehow(() -> real.read(path, 0).close());
                    assertFailsSomehow(() -> real.write(path, stream("x")));
                    assertFailsSomehow(() -> real.write(path + "/x", stream("x")));
                    assertFailsSomehow(() -> real.list(path, true, 10));
                    assertFailsSomehow(() -> real.delete(path));
                }
            }
        } finally {
            process.destroy();
        }
    }

    // ENOENT for what is not on every kernel.
    private static void assertFailsSomehow(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e ->
                                assertThat(e.code())
                                        .isIn(
                                                ErrorCode.INVALID_PATH,
                                                ErrorCode.FILE_NOT_FOUND,
                                                ErrorCode.CONFLICT,
                                                ErrorCode.FORBIDDEN));
    }

    @Test
    void afterTheSandboxHasStoppedNothingIsReached() throws IOException {
        write("/file", "x");
        var open = files.read("/file", 0);
        files.close();
        files.close();
        assertFails(ErrorCode.SANDBOX_NOT_RUNNING, () -> files.stat("/file"));
        try (open) {
            assertThat(open.readAllBytes()).hasSize(1);
        }
    }
}
