package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.FileInfo;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/// The files below a folder, which plays the root directory. Links are resolved as they would be
/// inside, but not safely against somebody who changes them meanwhile.
final class FakeFiles implements SandboxFiles {
    private final FakePaths paths;
    private final Runnable requireAlive;

    FakeFiles(Path root, Runnable requireAlive) {
        this.paths = new FakePaths(root);
        this.requireAlive = requireAlive;
    }

    /// Where on the host a command with this working directory starts.
    Path workingDirectory(String path) {
        return paths.resolve(path, true);
    }

    @Override
    public FileStat stat(String path) {
        return call(path, () -> stat(paths.normal(path), paths.resolve(path, false)));
    }

    @Override
    public List<FileStat> list(String path, boolean recursive, int limit) {
        return call(
                path,
                () -> {
                    Path directory = paths.resolve(path, true);
                    requireDirectory(directory, path);
                    Path inside = paths.normal(path);
                    try (Stream<Path> all = Files.walk(directory, recursive ? 1000 : 1)) {
                        return all.skip(1) // the directory itself
                                .map(entry ->
                                        stat(inside.resolve(directory.relativize(entry)), entry))
                                .sorted(Comparator.comparing(FileStat::path))
                                .limit(limit + 1L)
                                .toList();
                    }
                });
    }

    @Override
    public InputStream read(String path, long offset) {
        return call(
                path,
                () -> {
                    Path file = paths.resolve(path, true);
                    if (Files.exists(file) && !Files.isRegularFile(file)) {
                        throw conflict(path, "is not a regular file");
                    }
                    InputStream input = Files.newInputStream(file);
                    input.skip(Math.min(offset, Files.size(file)));
                    return input;
                });
    }

    @Override
    public long write(String path, InputStream content) {
        return call(
                path,
                () -> {
                    Path file = paths.resolve(path, true);
                    if (Files.exists(file) && !Files.isRegularFile(file)) {
                        throw conflict(path, "is not a regular file");
                    }
                    Files.createDirectories(file.getParent());
                    Path fresh = Files.createTempFile(file.getParent(), ".carrel-", ".new");
                    try {
                        long size = Files.copy(content, fresh, StandardCopyOption.REPLACE_EXISTING);
                        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
                        return size;
                    } finally {
                        Files.deleteIfExists(fresh);
                    }
                });
    }

    @Override
    public void delete(String path) {
        call(
                path,
                () -> {
                    Path entry = paths.resolve(path, false);
                    if (paths.isRoot(entry)) {
                        throw FakePaths.invalid("the root directory cannot be deleted");
                    }
                    Files.readAttributes(entry, "size", LinkOption.NOFOLLOW_LINKS);
                    try (Stream<Path> all = Files.walk(entry)) {
                        for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                            Files.delete(each);
                        }
                    }
                    return true;
                });
    }

    @Override
    public void makeDirectory(String path) {
        call(path, () -> Files.createDirectories(paths.resolve(path, true)));
    }

    private static FileStat stat(Path inside, Path file) {
        try {
            FileInfo info = Linux.stat(Fd.CWD, file.toString(), Linux.AT_SYMLINK_NOFOLLOW);
            return new FileStat(
                    inside.toString(),
                    type(info),
                    info.sizeBytes(),
                    info.permissions(),
                    info.owner(),
                    info.group(),
                    info.modifiedAt(),
                    info.isSymlink()
                            ? Optional.of(Files.readSymbolicLink(file).toString())
                            : Optional.empty());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static FileStat.Type type(FileInfo info) {
        if (info.isSymlink()) {
            return FileStat.Type.SYMLINK;
        }
        if (info.isDirectory()) {
            return FileStat.Type.DIRECTORY;
        }
        return info.isFile() ? FileStat.Type.FILE : FileStat.Type.OTHER;
    }

    private static void requireDirectory(Path directory, String path) throws IOException {
        if (Files.notExists(directory)) {
            throw new NoSuchFileException(path);
        }
        if (!Files.isDirectory(directory)) {
            throw conflict(path, "is not a directory");
        }
    }

    /// What touches the disk.
    @FunctionalInterface
    private interface Access<T> {
        T run() throws IOException;
    }

    private <T> T call(String path, Access<T> access) {
        requireAlive.run();
        try {
            return access.run();
        } catch (UncheckedIOException e) {
            throw translate(path, Objects.requireNonNull(e.getCause()));
        } catch (IOException e) {
            throw translate(path, e);
        }
    }

    private static CarrelException translate(String path, IOException e) {
        String reason = e instanceof FileSystemException f ? String.valueOf(f.getReason()) : "";
        if (e instanceof NoSuchFileException || isErrno(e, Errno.ENOENT)) {
            return new CarrelException(ErrorCode.FILE_NOT_FOUND, "no such file: " + path, e);
        }
        if (e instanceof FileAlreadyExistsException
                || reason.contains("Not a directory")
                || isErrno(e, Errno.ENOTDIR)) {
            return conflict(path, "has a parent that is not a directory, or is not one itself");
        }
        if (e instanceof AccessDeniedException || reason.contains("Read-only")) {
            return new CarrelException(ErrorCode.FORBIDDEN, path + " is read-only", e);
        }
        if (reason.contains("No space") || reason.contains("quota")) {
            return new CarrelException(
                    ErrorCode.SANDBOX_DISK_FULL, "the sandbox's disk is full: " + path, e);
        }
        return new CarrelException(ErrorCode.SANDBOX_FAILED, "cannot access " + path, e);
    }

    private static boolean isErrno(IOException e, Errno errno) {
        return e instanceof LinuxException linux && linux.errno() == errno;
    }

    private static CarrelException conflict(String path, String what) {
        return new CarrelException(ErrorCode.CONFLICT, path + " " + what);
    }
}
