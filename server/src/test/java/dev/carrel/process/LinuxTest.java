package dev.carrel.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinuxTest {
    private static final long IN_ROOT = Linux.RESOLVE_IN_ROOT | Linux.RESOLVE_NO_MAGICLINKS;

    @TempDir Path folder;
    private Fd root = Fd.CWD;

    @BeforeEach
    void open() throws IOException {
        root = Linux.open(folder.toString(), Linux.O_PATH | Linux.O_DIRECTORY, 0);
    }

    @AfterEach
    void close() {
        root.close();
    }

    @Test
    void whatIsWrittenIsReadAgain() throws IOException {
        var bytes = "héllo".repeat(50_000).getBytes(UTF_8);
        try (Fd file = Linux.openat(root, "a", Linux.O_CREAT | Linux.O_RDWR, 0600)) {
            Linux.writeFully(file, bytes, 0, bytes.length);
            assertThat(Linux.stat(file).sizeBytes()).isEqualTo(bytes.length);
            var tail = new byte[5];
            assertThat(Linux.pread(file, tail, 1, 4, bytes.length - 4)).isEqualTo(4);
            assertThat(new String(tail, 1, 4, UTF_8)).endsWith("llo");
            Linux.seek(file, bytes.length);
            assertThat(Linux.read(file, tail, 0, 5)).isZero();
        }
        assertThat(Files.readAllBytes(folder.resolve("a"))).isEqualTo(bytes);
    }

    @Test
    void statTellsWhatTheFileSystemTells() throws IOException {
        Path file = Files.writeString(folder.resolve("f"), "12345");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-x---"));
        Files.createLink(folder.resolve("g"), file);
        FileInfo info = Linux.stat(root, "f", Linux.AT_SYMLINK_NOFOLLOW);
        assertThat(info.isFile()).isTrue();
        assertThat(info.permissions()).isEqualTo(0650);
        assertThat(info.sizeBytes()).isEqualTo(5);
        assertThat(info.links()).isEqualTo(2);
        assertThat(info.inode()).isEqualTo(Files.getAttribute(file, "unix:ino"));
        assertThat(info.owner()).isEqualTo(Files.getAttribute(file, "unix:uid"));
        assertThat(info.modifiedAt()).isEqualTo(Files.getLastModifiedTime(file).toInstant());
        assertThat(info.isSameFileAs(Linux.stat(root, "g", 0))).isTrue();
        assertThat(Linux.stat(root).isDirectory()).isTrue();
    }

    @Test
    void openat2StaysInItsRoot() throws IOException {
        Files.createSymbolicLink(folder.resolve("out"), Path.of("/etc/hostname"));
        Files.createSymbolicLink(folder.resolve("up"), Path.of("../../../../etc/hostname"));
        for (String path : List.of("out", "up", "../../../etc/hostname", "/etc/hostname")) {
            assertThatThrownBy(() -> Linux.openat2(root, path, Linux.O_RDONLY, 0, IN_ROOT).close())
                    .isInstanceOfSatisfying(
                            LinuxException.class,
                            e -> assertThat(e.errno()).isEqualTo(Errno.ENOENT));
        }
        Files.createDirectory(folder.resolve("etc"));
        Files.writeString(folder.resolve("etc/hostname"), "inside");
        try (Fd file = Linux.openat2(root, "out", Linux.O_RDONLY, 0, IN_ROOT)) {
            assertThat(Linux.stat(file).sizeBytes()).isEqualTo("inside".length());
        }
    }

    @Test
    void aDirectoryOfManyEntriesIsListedWhole() throws IOException {
        var expected = new TreeSet<String>();
        for (int i = 0; i < 3000; i++) {
            expected.add("entry-" + i);
            Files.createFile(folder.resolve("entry-" + i));
        }
        var found = new ArrayList<String>();
        try (Fd list = Linux.openat(root, ".", Linux.O_RDONLY | Linux.O_DIRECTORY, 0)) {
            for (var batch = Directories.next(list); !batch.isEmpty(); ) {
                batch.forEach(entry -> found.add(entry.name()));
                assertThat(batch).allMatch(e -> e.type() == DirectoryEntry.Type.FILE);
                batch = Directories.next(list);
            }
        }
        assertThat(found).containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void directoriesAreChanged() throws IOException {
        Directories.makeDirectory(root, "d", 0755);
        Directories.symlink("some/where", root, "d/l");
        assertThat(Directories.readLink(root, "d/l")).isEqualTo("some/where");
        Directories.rename(root, "d/l", root, "m", Directories.RENAME_NOREPLACE);
        assertThat(Files.exists(folder.resolve("m"), LinkOption.NOFOLLOW_LINKS)).isTrue();
        Directories.unlink(root, "d", Directories.AT_REMOVEDIR);
        Directories.unlink(root, "m", 0);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void failuresNameTheCallAndTheError() {
        assertThatThrownBy(() -> Directories.unlink(root, "none", 0))
                .isInstanceOf(LinuxException.class)
                .hasMessage("unlinkat none: ENOENT");
        assertThatThrownBy(() -> Directories.makeDirectory(root, "a\0b", 0700))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aDescriptorClosesOnce() throws IOException {
        Fd file = Linux.openat(root, ".", Linux.O_RDONLY, 0);
        file.close();
        file.close();
        assertThatThrownBy(file::number).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void killRefusesNumbersThatMeanEverybody() {
        for (int process : List.of(-1, 0, 1)) {
            assertThatThrownBy(() -> Linux.kill(process, 9))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
