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
import java.util.function.Consumer;
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
    public List<FileStat> list(String path, boolean recursive, int limit, Optional<String> after) {
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
                                .filter(entry -> entry.key().compareTo(after.orElse("")) > 0)
                                .sorted(Comparator.comparing(FileStat::path))
                                .limit(limit + 1L)
                                .toList();
                    }
                });
    }

    @Override
    public OpenFile open(String path) {
        return call(
                path,
                () -> {
                    Path file = paths.resolve(path, true);
                    if (Files.exists(file) && !Files.isRegularFile(file)) {
                        throw conflict(path, "is not a regular file");
                    }
                    Fd open = Linux.open(file.toString(), Linux.O_RDONLY, 0);
                    return new FakeOpenFile(stat(paths.normal(path), file), open);
                });
    }

    @Override
    public FileStat write(String path, InputStream content, FileAttributes attributes) {
        return call(
                path,
                () -> {
                    Path file = paths.resolve(path, true);
                    if (Files.exists(file) && !Files.isRegularFile(file)) {
                        throw conflict(path, "is not a regular file");
                    }
                    Files.createDirectories(file.getParent());
                    Path fresh = file.resolveSibling(TemporaryName.next());
                    try {
                        Files.copy(content, fresh, StandardCopyOption.REPLACE_EXISTING);
                        FakeTrees.apply(fresh, attributes);
                        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
                        return stat(paths.normal(path), file);
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
                    FakeTrees.delete(entry);
                    return true;
                });
    }

    @Override
    public void change(String path, FileAttributes attributes, boolean recursive) {
        call(
                path,
                () -> {
                    FakeTrees.change(paths.resolve(path, true), attributes, recursive);
                    return true;
                });
    }

    @Override
    public CopyResult move(String from, String to, boolean overwrite) {
        return call(
                from,
                () -> {
                    Path source = source(from);
                    CopyResult copied = copy(from, source, to, overwrite);
                    if (copied.entries() > 0) {
                        FakeTrees.delete(source);
                    }
                    return copied;
                });
    }

    @Override
    public CopyResult copy(String from, String to, boolean overwrite) {
        return call(from, () -> copy(from, source(from), to, overwrite));
    }

    private Path source(String path) throws IOException {
        Path source = paths.resolve(path, false);
        if (paths.isRoot(source)) {
            throw FakePaths.invalid("the root directory cannot be moved or copied");
        }
        Files.readAttributes(source, "size", LinkOption.NOFOLLOW_LINKS);
        return source;
    }

    private CopyResult copy(String from, Path source, String to, boolean overwrite)
            throws IOException {
        Path target = paths.resolve(to, false);
        if (source.equals(target)) {
            return new CopyResult(0, List.of());
        } else if (paths.isRoot(target)) {
            throw FakePaths.invalid("the root directory cannot be replaced");
        } else if (FakeTrees.isThere(target)) {
            if (!overwrite) {
                throw conflict(to, "exists already");
            }
            FakeTrees.delete(target);
        }
        Files.createDirectories(target.getParent());
        return FakeTrees.copy(from, source, target);
    }

    @Override
    public void walk(String path, TreeEntry.Visitor visitor) {
        call(
                path,
                () -> {
                    Path top = paths.resolve(path, true);
                    Files.readAttributes(top, "size");
                    FakeTrees.walk(paths.normal(path), top, visitor);
                    return true;
                });
    }

    @Override
    public void writeTree(String path, Consumer<TreeWriter> work) {
        call(
                path,
                () -> {
                    Path top = Files.createDirectories(paths.resolve(path, true));
                    work.accept(new FakeTrees.Writer(top));
                    return true;
                });
    }

    @Override
    public void makeDirectory(String path) {
        call(path, () -> Files.createDirectories(paths.resolve(path, true)));
    }

    @Override
    public FileWatch watch(String path, boolean recursive) {
        return call(
                path,
                () -> {
                    Path directory = paths.resolve(path, true);
                    requireDirectory(directory, path);
                    int flags = Linux.O_PATH | Linux.O_DIRECTORY | Linux.O_NOFOLLOW;
                    return TreeWatch.open(
                            paths.normal(path).toString(),
                            recursive,
                            relative ->
                                    Linux.open(directory.resolve(relative).toString(), flags, 0),
                            this::isAlive,
                            () -> {});
                });
    }

    private boolean isAlive() {
        try {
            requireAlive.run();
            return true;
        } catch (CarrelException e) {
            return false;
        }
    }

    static FileStat stat(Path inside, Path file) {
        try {
            FileInfo info = Linux.stat(Fd.CWD, file.toString(), Linux.AT_SYMLINK_NOFOLLOW);
            Optional<String> target =
                    info.isSymlink()
                            ? Optional.of(Files.readSymbolicLink(file).toString())
                            : Optional.empty();
            return FileStat.of(inside.toString(), info, info.owner(), info.group(), target);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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

    static CarrelException translate(String path, IOException e) {
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
