package dev.carrel.image;

import static dev.carrel.process.Linux.AT_SYMLINK_NOFOLLOW;
import static dev.carrel.process.Linux.O_DIRECTORY;
import static dev.carrel.process.Linux.O_NOFOLLOW;
import static dev.carrel.process.Linux.O_RDONLY;

import dev.carrel.process.Directories;
import dev.carrel.process.DirectoryEntry;
import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.FileInfo;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Entries of directories by descriptor: whatever hostile names and links there are, nothing
/// outside of the directory is touched.
final class Entries {
    /// Deeper trees are refused: a directory is held open on each level.
    static final int DEPTH_MAX = 256;

    private Entries() {}

    static Optional<FileInfo> stat(Fd directory, String name) throws LinuxException {
        try {
            return Optional.of(Linux.stat(directory, name, AT_SYMLINK_NOFOLLOW));
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /// Opens the directory of this name, not through a link.
    static Fd open(Fd directory, String name) throws LinuxException {
        return Linux.openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    }

    static List<DirectoryEntry> list(Fd directory) throws LinuxException {
        List<DirectoryEntry> all = new ArrayList<>();
        for (List<DirectoryEntry> batch = Directories.next(directory);
                !batch.isEmpty();
                batch = Directories.next(directory)) {
            all.addAll(batch);
        }
        return all;
    }

    /// Removes what has this name, with all in it; does nothing when there is nothing.
    static void remove(Fd directory, String name) throws IOException {
        Optional<FileInfo> there = stat(directory, name);
        if (there.isEmpty()) {
            return;
        }
        if (!there.get().isDirectory()) {
            Directories.unlink(directory, name, 0);
            return;
        }
        try (Fd inner = open(directory, name)) {
            empty(inner);
        }
        Directories.unlink(directory, name, Directories.AT_REMOVEDIR);
    }

    /// Removes all that is in a directory.
    static void empty(Fd directory) throws IOException {
        for (DirectoryEntry entry : list(directory)) {
            remove(directory, entry.name());
        }
    }
}
