package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.Directories;
import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.FileNames;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.process.Namespaces;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/// The root directory of a sandbox, and how anything is opened below it: by the kernel's own rules
/// that keep `..` and links inside, never by looking first and opening after. What is opened by a
/// name that may be anything is opened without being touched (`O_PATH`), looked at, and only then
/// opened for real through its descriptor.
final class Root implements AutoCloseable {
    static final int PATH_BYTES_MAX = 4095;
    static final int MODE_DIRECTORY = 0755;

    private static final int ATTEMPTS_MAX = 100;
    static final int HOST_ROOT = 0;
    private static final int SHOWN_NOBODY = 65_534;
    private static final int MAPPED_IDS = 65_536;
    private static final long IN_ROOT = Linux.RESOLVE_IN_ROOT | Linux.RESOLVE_NO_MAGICLINKS;
    private static final long BELOW = Linux.RESOLVE_BENEATH | Linux.RESOLVE_NO_SYMLINKS;
    private static final long ENTRY = BELOW | Linux.RESOLVE_NO_XDEV;

    /// File systems whose files are doors into the kernel: procfs, sysfs, cgroup, cgroup2, devpts,
    /// mqueue, debugfs, tracefs, securityfs, bpf, nsfs, configfs.
    private static final Set<Long> DOORS =
            Set.of(
                    0x9fa0L,
                    0x6265_6572L,
                    0x27_e0ebL,
                    0x6367_7270L,
                    0x1cd1L,
                    0x1980_0202L,
                    0x6462_6720L,
                    0x7472_6163L,
                    0x7363_6673L,
                    0xcafe_4a11L,
                    0x6e73_6673L,
                    0x6265_6570L);

    private final Fd directory;
    private final int idBase;
    private final AtomicInteger users = new AtomicInteger(1);
    private final AtomicBoolean closed = new AtomicBoolean();

    /// Takes over `directory`, opened with `O_PATH`. `idBase` is the host's id of the sandbox's
    /// root user.
    Root(Fd directory, int idBase) {
        this.directory = directory;
        this.idBase = idBase;
    }

    /// The path, if it is one that can be asked for at all.
    static String check(String path) {
        if (path.isEmpty() || path.charAt(0) != '/') {
            throw PathFailures.invalid(path, "is not an absolute path");
        } else if (path.indexOf('\0') >= 0 || !FileNames.isName(path)) {
            throw PathFailures.invalid(path, "contains what no path can contain");
        } else if (FileNames.encode(path).length > PATH_BYTES_MAX) {
            throw PathFailures.invalid(path, "is longer than " + PATH_BYTES_MAX + " bytes");
        } else if ((path + "/").startsWith("/proc/")) {
            // Refused by its file system anyway; a name in it may mean nothing to the host.
            throw PathFailures.invalid(path, "is in /proc, which has no files");
        }
        return path;
    }

    /// Opens a path as the sandbox's root would see it. `flags` never create anything.
    Fd open(String path, int flags) throws LinuxException {
        return attempt(directory, path, flags, IN_ROOT);
    }

    /// Opens a directory as a place to work in; follows links.
    Fd openDirectory(String path) throws LinuxException {
        return checked(path, open(path, Linux.O_PATH | Linux.O_DIRECTORY));
    }

    /// Opens an entry of a directory, if it is on the same file system and not a link.
    static Fd openEntry(Fd parent, String name, int flags) throws LinuxException {
        return attempt(parent, name, flags | Linux.O_NOFOLLOW, ENTRY);
    }

    /// Opens what a relative path leads to below a directory, through no link; mounts are entered.
    static Fd openBelow(Fd directory, String path, int flags) throws LinuxException {
        return attempt(directory, path, flags | Linux.O_NOFOLLOW, BELOW);
    }

    /// Opens an entry of a directory to look at it, links as such; empty when it has gone or is on
    /// another file system.
    static Optional<Fd> lookAt(Fd parent, String name) throws LinuxException {
        try {
            return Optional.of(openEntry(parent, name, Linux.O_PATH));
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT || e.errno() == Errno.EXDEV) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static Fd attempt(Fd from, String path, int flags, long resolve) throws LinuxException {
        for (int attempt = 1; ; attempt++) {
            try {
                return Linux.openat2(from, path, flags, 0, resolve);
            } catch (LinuxException e) {
                if (e.errno() != Errno.EAGAIN || attempt == ATTEMPTS_MAX) {
                    throw e;
                }
            }
        }
    }

    /// Opens for real what `file` was opened for to look at.
    static Fd reopen(Fd file, int flags) throws LinuxException {
        return Linux.open(
                "/proc/self/fd/" + file.number(), flags | Linux.O_NONBLOCK | Linux.O_NOCTTY, 0);
    }

    /// The descriptor itself, unless its file system is none for users' files; then it is closed.
    static Fd checked(String path, Fd file) throws LinuxException {
        try {
            if (DOORS.contains(Linux.fileSystem(file))) {
                throw PathFailures.invalid(path, "is not on a file system for files");
            }
            return file;
        } catch (LinuxException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /// Opens a directory, making what is missing of it.
    Fd makeDirectories(String path) throws LinuxException {
        try {
            return openDirectory(path);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
        Fd parent = openDirectory("/");
        int end = 0;
        while (end < path.length()) {
            int start = end + 1;
            end = path.indexOf('/', start) < 0 ? path.length() : path.indexOf('/', start);
            try (Fd outer = parent) {
                parent = makeDirectory(outer, path.substring(start, end), path.substring(0, end));
            }
        }
        return parent;
    }

    // `whole` is the path so far: links and `..` in it count from the root.
    private Fd makeDirectory(Fd parent, String name, String whole) throws LinuxException {
        try {
            return openDirectory(whole);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
        try {
            create(() -> {
                Directories.makeDirectory(parent, name, MODE_DIRECTORY);
                return name;
            });
            own(parent, name);
        } catch (LinuxException e) {
            // Somebody else was faster, or a link leads nowhere: opening it tells.
            if (e.errno() != Errno.EEXIST) {
                throw e;
            }
        }
        return openDirectory(whole);
    }

    // Nothing in a sandbox belongs to the host's root but what was just made for it: whatever was
    // put in its place meanwhile keeps its owner.
    private void own(Fd parent, String name) throws LinuxException {
        try (Fd made = openEntry(parent, name, Linux.O_RDONLY | Linux.O_DIRECTORY)) {
            if (Linux.stat(made).owner() == HOST_ROOT) {
                Linux.chown(made, idBase, idBase);
            }
        }
    }

    /// Makes something as the host's root, who may everywhere; and as the sandbox's root on file
    /// systems that the sandbox itself mounted, which know no other users.
    <T> T create(Namespaces.Work<T> work) throws LinuxException {
        try {
            return work.run();
        } catch (LinuxException e) {
            if (e.errno() != Errno.EOVERFLOW) {
                throw e;
            }
            return Namespaces.as(idBase, idBase, work);
        }
    }

    /// Replaces what has the new name; as [#create].
    void rename(Fd from, String oldName, Fd to, String newName) throws LinuxException {
        create(() -> {
            Directories.rename(from, oldName, to, newName, 0);
            return newName;
        });
    }

    int idBase() {
        return idBase;
    }

    /// The host's id of an owner inside; `byDefault`, which is the host's, where none is given.
    int outside(OptionalInt id, int byDefault) {
        return id.isPresent() ? idBase + id.getAsInt() : byDefault;
    }

    /// An owner's id as seen inside.
    int inside(int id) {
        long inside = Integer.toUnsignedLong(id) - idBase;
        return inside >= 0 && inside < MAPPED_IDS ? (int) inside : SHOWN_NOBODY;
    }

    /// To be called before any other method, and [#release] after: the number of a descriptor that
    /// is closed in the middle of a call may stand for another sandbox's root by then.
    void acquire() {
        int before = users.getAndUpdate(count -> count == 0 ? 0 : count + 1);
        if (before == 0) {
            throw new CarrelException(
                    ErrorCode.SANDBOX_NOT_RUNNING, "the sandbox of these files has stopped");
        }
    }

    void release() {
        if (users.decrementAndGet() == 0) {
            directory.close();
        }
    }

    /// Lets nobody in any more; the descriptor is closed when the last user is out.
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            release();
        }
    }
}
