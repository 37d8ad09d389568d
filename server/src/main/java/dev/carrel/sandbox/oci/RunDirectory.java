package dev.carrel.sandbox.oci;

import dev.carrel.process.Directories;
import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.FileInfo;
import dev.carrel.process.FileMetadata;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.ExecutionId;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/// The directory that a sandbox's pid 1 and the server share. Only the folders above it are
/// trusted: whoever took over pid 1 can put anything here, so names are never followed, only
/// regular files are read, and never more than a limit.
record RunDirectory(Path path) {
    /// The socket of pid 1.
    static final String CHANNEL = "ctl";

    private static final int ENTRIES_MAX = 100_000;
    private static final int READ_FLAGS =
            Linux.O_RDONLY | Linux.O_NOFOLLOW | Linux.O_NONBLOCK | Linux.O_NOCTTY;
    private static final int WRITE_FLAGS =
            Linux.O_WRONLY | Linux.O_CREAT | Linux.O_EXCL | Linux.O_NOFOLLOW;
    private static final AtomicLong TEMPORARY = new AtomicLong();

    /// Opens a regular file; empty when there is none of that name.
    Optional<Fd> open(String name) throws IOException {
        Fd file;
        try {
            file = Linux.open(at(name), READ_FLAGS, 0);
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw e;
        }
        if (!Linux.stat(file).isFile()) {
            file.close();
            throw new IOException("not a regular file: " + at(name));
        }
        return Optional.of(file);
    }

    /// A small file whole, as far as `bytesMax`.
    Optional<byte[]> read(String name, int bytesMax) throws IOException {
        Optional<Fd> opened = open(name);
        if (opened.isEmpty()) {
            return Optional.empty();
        }
        try (Fd file = opened.get()) {
            var buffer = new byte[(int) Math.min(Linux.stat(file).sizeBytes(), bytesMax)];
            int size = 0;
            for (int n = -1; n != 0 && size < buffer.length; size += n) {
                n = Linux.read(file, buffer, size, buffer.length - size);
            }
            return Optional.of(Arrays.copyOf(buffer, size));
        }
    }

    /// Writes a file whole or not at all, replacing what has its name.
    void write(String name, byte[] content, int mode) throws IOException {
        write(name, content, mode, Optional.empty());
    }

    /// The same, with a time of its own where the kernel's, which moves in steps of some
    /// milliseconds, is too coarse to sort by.
    void write(String name, byte[] content, int mode, Optional<Instant> modifiedAt)
            throws IOException {
        String temporary = at(name + ".new-" + TEMPORARY.incrementAndGet());
        Directories.unlinkIfThere(Fd.CWD, temporary);
        try (Fd file = Linux.open(temporary, WRITE_FLAGS, mode)) {
            Linux.writeFully(file, content, 0, content.length);
            if (modifiedAt.isPresent()) {
                FileMetadata.setModified(file, modifiedAt.get());
            }
            Directories.rename(Fd.CWD, temporary, Fd.CWD, at(name), 0);
        } catch (IOException e) {
            Directories.unlinkIfThere(Fd.CWD, temporary);
            throw e;
        }
    }

    /// What has this name, itself if it is a link.
    Optional<FileInfo> stat(String name) throws IOException {
        try {
            return Optional.of(Linux.stat(Fd.CWD, at(name), Linux.AT_SYMLINK_NOFOLLOW));
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /// Removes a file or link, if it is there.
    void delete(String name) throws IOException {
        Directories.unlinkIfThere(Fd.CWD, at(name));
    }

    /// The names of the entries, at most 100,000 of them.
    Set<String> names() throws IOException {
        Set<String> names = new HashSet<>();
        try (Fd list = Linux.open(path.toString(), Linux.O_RDONLY | Linux.O_DIRECTORY, 0)) {
            var batch = Directories.next(list);
            while (!batch.isEmpty() && names.size() < ENTRIES_MAX) {
                batch.forEach(entry -> names.add(entry.name()));
                batch = Directories.next(list);
            }
        }
        return names;
    }

    /// Of which execution this is the file with `suffix`; empty for other names.
    static Optional<ExecutionId> executionOf(String name, String suffix) {
        try {
            return name.endsWith(suffix)
                    ? Optional.of(
                            new ExecutionId(name.substring(0, name.length() - suffix.length())))
                    : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private String at(String name) {
        return path + "/" + name;
    }
}
