package dev.carrel.sandbox.oci;

import dev.carrel.process.Directories;
import dev.carrel.process.Fd;
import dev.carrel.process.FileInfo;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.CopyResult;
import dev.carrel.sandbox.FileAttributes;
import dev.carrel.sandbox.FileStat;
import dev.carrel.sandbox.FileWatch;
import dev.carrel.sandbox.OpenFile;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.TreeEntry;
import dev.carrel.sandbox.TreeWatch;
import dev.carrel.sandbox.TreeWriter;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/// The files of a sandbox, reached from the host through its root directory. Keeps one descriptor,
/// which holds the sandbox's file systems until it is closed; streams opened before stay usable.
final class RootFiles implements SandboxFiles, AutoCloseable {
    private final Root root;

    RootFiles(Root root) {
        this.root = root;
    }

    /// The files as the process `pid` sees them. `idBase` is the host's id of the sandbox's root
    /// user.
    static RootFiles ofProcess(long pid, int idBase) throws LinuxException {
        String path = "/proc/" + pid + "/root";
        return new RootFiles(
                new Root(Linux.open(path, Linux.O_PATH | Linux.O_DIRECTORY, 0), idBase));
    }

    @Override
    public FileStat stat(String path) {
        return run(
                path,
                () -> {
                    int flags = Linux.O_PATH | Linux.O_NOFOLLOW;
                    try (Fd file = Root.checked(path, root.open(path, flags))) {
                        FileInfo info = Linux.stat(file);
                        Optional<String> target =
                                info.isSymlink()
                                        ? Optional.of(Directories.readLink(file, ""))
                                        : Optional.empty();
                        return TreeListing.describe(root, path, info, target);
                    }
                });
    }

    @Override
    public List<FileStat> list(String path, boolean recursive, int limit, Optional<String> after) {
        if (limit < 0 || limit >= Integer.MAX_VALUE / 2) {
            throw new IllegalArgumentException("limit must be 0 or more, and not that large");
        }
        return run(
                path,
                () -> new TreeListing(root, recursive, limit + 1, after.orElse("")).list(path));
    }

    @Override
    public OpenFile open(String path) {
        return run(
                path,
                () -> {
                    try (Fd seen = Root.checked(path, root.open(path, Linux.O_PATH))) {
                        FileInfo info = Linux.stat(seen);
                        if (!info.isFile()) {
                            throw PathFailures.conflict(
                                    path,
                                    info.isDirectory()
                                            ? "is a directory"
                                            : "is not a regular file");
                        }
                        FileStat stat = TreeListing.describe(root, path, info, Optional.empty());
                        Fd file = Root.reopen(seen, Linux.O_RDONLY);
                        return new DescribedFile(path, file, info, stat);
                    }
                });
    }

    @Override
    public FileStat write(String path, InputStream content, FileAttributes attributes) {
        return run(
                path,
                () -> {
                    FileInfo written = new AtomicWrite(root, attributes).write(path, content);
                    return TreeListing.describe(root, path, written, Optional.empty());
                });
    }

    @Override
    public void delete(String path) {
        Place place = Place.of(path, "deleted");
        run(
                path,
                () -> {
                    try (Fd parent = root.openDirectory(place.parent())) {
                        new TreeRemoval(root).remove(parent, place.name());
                        return place;
                    }
                });
    }

    @Override
    public void change(String path, FileAttributes attributes, boolean recursive) {
        run(
                path,
                () -> {
                    new TreeChange(root, path, attributes).change(recursive);
                    return path;
                });
    }

    @Override
    public CopyResult move(String from, String to, boolean overwrite) {
        Root.check(to);
        return run(from, () -> new TreeMove(root).move(from, to, overwrite));
    }

    @Override
    public CopyResult copy(String from, String to, boolean overwrite) {
        Root.check(to);
        return run(from, () -> new TreeMove(root).copy(from, to, overwrite));
    }

    @Override
    public void walk(String path, TreeEntry.Visitor visitor) {
        run(
                path,
                () -> {
                    new TreeWalk(root, path, visitor).walk();
                    return path;
                });
    }

    @Override
    public void writeTree(String path, Consumer<TreeWriter> work) {
        run(
                path,
                () -> {
                    try (Fd directory = root.makeDirectories(path)) {
                        work.accept(new RootTreeWriter(root, path, directory));
                        return path;
                    }
                });
    }

    @Override
    public void makeDirectory(String path) {
        run(
                path,
                () -> {
                    try (Fd made = root.makeDirectories(path)) {
                        return made.number();
                    }
                });
    }

    @Override
    public FileWatch watch(String path, boolean recursive) {
        return watch(path, recursive, () -> true);
    }

    /// Ends when `alive` says so, too. Keeps the file system until it has ended.
    FileWatch watch(String path, boolean recursive, BooleanSupplier alive) {
        return run(
                path,
                () -> {
                    Fd top = root.openDirectory(path);
                    int flags = Linux.O_PATH | Linux.O_DIRECTORY;
                    return TreeWatch.open(
                            path,
                            recursive,
                            relative -> Root.openEntry(top, relative, flags),
                            alive,
                            top::close);
                });
    }

    private interface Call<T> {
        T run() throws LinuxException;
    }

    private <T> T run(String path, Call<T> call) {
        Root.check(path);
        root.acquire();
        try {
            return call.run();
        } catch (LinuxException e) {
            throw PathFailures.of(path, e);
        } finally {
            root.release();
        }
    }

    @Override
    public void close() {
        root.close();
    }
}
