package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.Directories;
import dev.carrel.process.Fd;
import dev.carrel.process.HostCommand;
import dev.carrel.process.Linux;
import dev.carrel.sandbox.FileStat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/// No path leads out of a root, whatever is in it and whatever changes meanwhile.
class RootEscapesIT extends RootFilesStage {
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
