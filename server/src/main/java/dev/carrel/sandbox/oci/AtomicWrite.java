package dev.carrel.sandbox.oci;

import dev.carrel.process.Directories;
import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.FileInfo;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.FileAttributes;
import dev.carrel.sandbox.TemporaryName;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/// Writes one file so that it has either its old content or all of the new: into a file without a
/// name, which gets it in the end. Nobody sees a half of it, and a server that is killed, or a
/// snapshot taken meanwhile, leaves none. A name that is taken can only be taken over by way of
/// another one; that is there for a moment, and what it names is complete.
///
/// File systems that know no such files, and those that a sandbox mounted, which no snapshot has,
/// get a temporary one.
final class AtomicWrite {
    private static final int LINKS_MAX = 40;
    private static final int BUFFER_BYTES = 1 << 16;
    private static final int MODE_NEW = 0644;
    private static final int MODE_KEPT = 0777;
    private static final int CREATE = Linux.O_WRONLY | Linux.O_CREAT | Linux.O_EXCL;
    private static final int NAMELESS = Linux.O_WRONLY | Linux.O_TMPFILE;

    /// How file systems say that they know no files without a name, or not our user; and `EPERM`,
    /// how some say that the directory has been deleted: the temporary one fails with why.
    private static final Set<Errno> WITHOUT_NAMELESS =
            EnumSet.of(Errno.EOPNOTSUPP, Errno.EISDIR, Errno.EINVAL, Errno.EOVERFLOW, Errno.EPERM);

    private final Root root;

    private final FileAttributes attributes;

    /// Attributes that are absent are those of the file that is replaced, but set-user-id, or else
    /// those of new files.
    AtomicWrite(Root root, FileAttributes attributes) {
        this.root = root;
        this.attributes = attributes;
    }

    /// Returns what was written. Fails with `UncheckedIOException` when `content` does.
    FileInfo write(String path, InputStream content) throws LinuxException {
        String at = path;
        for (int links = 0; links <= LINKS_MAX; links++) {
            String name = name(at);
            String parentPath = at.substring(0, at.length() - name.length());
            try (Fd parent = root.makeDirectories(parentPath)) {
                Optional<FileInfo> old = lookUp(parent, name);
                if (old.isEmpty() || !old.get().isSymlink()) {
                    return replace(path, parent, name, old, content);
                }
                String target = Directories.readLink(parent, name);
                at = target.startsWith("/") ? target : parentPath + target;
            }
        }
        throw PathFailures.invalid(path, "goes in circles");
    }

    private static String name(String path) {
        String name = path.substring(path.lastIndexOf('/') + 1);
        if (name.isEmpty() || name.equals(".") || name.equals("..")) {
            throw PathFailures.conflict(path, "is a directory");
        }
        return name;
    }

    private static Optional<FileInfo> lookUp(Fd parent, String name) throws LinuxException {
        try {
            return Optional.of(Linux.stat(parent, name, Linux.AT_SYMLINK_NOFOLLOW));
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private FileInfo replace(
            String path, Fd parent, String name, Optional<FileInfo> old, InputStream content)
            throws LinuxException {
        if (old.isPresent() && !old.get().isFile()) {
            throw PathFailures.conflict(
                    path, old.get().isDirectory() ? "is a directory" : "is not a regular file");
        }
        int owner = old.map(FileInfo::owner).orElse(root.idBase());
        int group = old.map(FileInfo::group).orElse(root.idBase());
        int mode = old.map(info -> info.mode() & MODE_KEPT).orElse(MODE_NEW);
        return replace(
                parent,
                name,
                file -> {
                    copy(content, file);
                    Linux.chown(
                            file,
                            root.outside(attributes.owner(), owner),
                            root.outside(attributes.group(), group));
                    Linux.chmod(file, attributes.mode().orElse(mode));
                    return Linux.stat(file);
                });
    }

    /// What makes a file of an empty one that only the host's root can open.
    interface Filling<T> {
        T fill(Fd file) throws LinuxException;
    }

    /// Puts a file in the place of whatever has the name and is no directory.
    <T> T replace(Fd parent, String name, Filling<T> filling) throws LinuxException {
        Optional<Fd> nameless = nameless(parent);
        if (nameless.isEmpty()) {
            return replaceByTemporary(parent, name, filling);
        }
        try (Fd file = nameless.get()) {
            T filled = filling.fill(file);
            place(file, parent, name);
            return filled;
        }
    }

    private static Optional<Fd> nameless(Fd parent) throws LinuxException {
        try {
            return Optional.of(Linux.openat(parent, ".", NAMELESS, 0600));
        } catch (LinuxException e) {
            if (!WITHOUT_NAMELESS.contains(e.errno())) {
                throw e;
            }
            return Optional.empty();
        }
    }

    private void place(Fd file, Fd parent, String name) throws LinuxException {
        try {
            Directories.link(file, parent, name);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EEXIST) {
                throw e;
            }
            String temporary = TemporaryName.next();
            Directories.link(file, parent, temporary);
            takeOver(parent, temporary, name);
        }
    }

    private void takeOver(Fd parent, String temporary, String name) throws LinuxException {
        boolean done = false;
        try {
            root.rename(parent, temporary, parent, name);
            done = true;
        } finally {
            if (!done) {
                Directories.unlinkIfThere(parent, temporary);
            }
        }
    }

    private <T> T replaceByTemporary(Fd parent, String name, Filling<T> filling)
            throws LinuxException {
        String temporary = TemporaryName.next();
        boolean filled = false;
        try (Fd file = root.create(() -> Linux.openat(parent, temporary, CREATE, 0600))) {
            T result = filling.fill(file);
            filled = true;
            takeOver(parent, temporary, name);
            return result;
        } finally {
            if (!filled) {
                Directories.unlinkIfThere(parent, temporary);
            }
        }
    }

    static long copy(InputStream content, Fd file) throws LinuxException {
        var buffer = new byte[BUFFER_BYTES];
        long size = 0;
        while (true) {
            int n = readSome(content, buffer);
            if (n < 0) {
                return size;
            }
            Linux.writeFully(file, buffer, 0, n);
            size += n;
        }
    }

    // Apart, so that a failure of the caller's stream is not taken for one of the sandbox.
    private static int readSome(InputStream content, byte[] buffer) {
        try {
            return content.read(buffer);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
