package dev.carrel.sandbox.oci;

import dev.carrel.process.Directories;
import dev.carrel.process.Fd;
import dev.carrel.process.FdInputStream;
import dev.carrel.process.FileInfo;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.FileStat;
import dev.carrel.sandbox.SandboxFiles;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

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
    public List<FileStat> list(String path, boolean recursive, int limit) {
        if (limit < 0 || limit >= Integer.MAX_VALUE / 2) {
            throw new IllegalArgumentException("limit must be 0 or more, and not that large");
        }
        return run(path, () -> new TreeListing(root, recursive, limit + 1).list(path));
    }

    @Override
    public InputStream read(String path, long offset) {
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
                        return open(seen, offset);
                    }
                });
    }

    private static InputStream open(Fd seen, long offset) throws LinuxException {
        Fd file = Root.reopen(seen, Linux.O_RDONLY);
        try {
            Linux.seek(file, offset);
            return new FdInputStream(file);
        } catch (LinuxException e) {
            file.close();
            throw e;
        }
    }

    @Override
    public long write(String path, InputStream content) {
        return run(path, () -> new AtomicWrite(root).write(path, content));
    }

    @Override
    public void delete(String path) {
        String trimmed = path.replaceAll("/+$", "");
        String name = trimmed.substring(trimmed.lastIndexOf('/') + 1);
        if (path.startsWith("/") && List.of("", ".", "..").contains(name)) {
            throw PathFailures.invalid(path, "cannot be deleted: name what is in it");
        }
        run(
                path,
                () -> {
                    String parentPath = trimmed.substring(0, trimmed.length() - name.length());
                    try (Fd parent = root.openDirectory(parentPath)) {
                        new TreeRemoval(root).remove(parent, name);
                        return name;
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
