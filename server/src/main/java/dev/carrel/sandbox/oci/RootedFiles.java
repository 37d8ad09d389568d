package dev.carrel.sandbox.oci;

import dev.carrel.process.Directories;
import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.FileInfo;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.TemporaryName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Small files of a root file system that is mounted and not running: read and replaced by paths
/// relative to its top. What is there is hostile: no link is followed, nothing but plain files is
/// read, and a file is replaced by a new one, never written into.
record RootedFiles(Fd top) {
    private static final Logger LOG = LoggerFactory.getLogger(RootedFiles.class);
    private static final int MODE = 0644;
    private static final long RESOLVE =
            Linux.RESOLVE_BENEATH | Linux.RESOLVE_NO_SYMLINKS | Linux.RESOLVE_NO_XDEV;
    private static final int READ = Linux.O_RDONLY | Linux.O_NOFOLLOW | Linux.O_NONBLOCK;
    private static final int CREATE =
            Linux.O_WRONLY | Linux.O_CREAT | Linux.O_EXCL | Linux.O_NOFOLLOW;

    /// How a sandbox can keep a step from being done, on its own disk.
    private static final Set<Errno> IN_THE_WAY =
            EnumSet.of(
                    Errno.ENOENT,
                    Errno.ELOOP,
                    Errno.ENOTDIR,
                    Errno.EISDIR,
                    Errno.EXDEV,
                    Errno.ENXIO,
                    Errno.EEXIST,
                    Errno.ENOTEMPTY,
                    Errno.EPERM,
                    Errno.ENOSPC,
                    Errno.EDQUOT);

    @FunctionalInterface
    interface Step {
        void run() throws IOException;
    }

    /// Does a step, unless something of the sandbox's is in its way.
    void attempt(Step step) throws IOException {
        try {
            step.run();
        } catch (LinuxException e) {
            if (!isInTheWay(e)) {
                throw e;
            }
            if (e.errno() != Errno.ENOENT) {
                LOG.info("a sandbox keeps a file as it is: {}", e.getMessage());
            }
        }
    }

    static boolean isInTheWay(LinuxException e) {
        return IN_THE_WAY.contains(e.errno());
    }

    /// As far as `bytesMax`; empty when it is no plain file.
    String read(String path, int bytesMax) throws LinuxException {
        try (Fd file = Linux.openat2(top, path, READ, 0, RESOLVE)) {
            FileInfo info = Linux.stat(file);
            var bytes = new byte[bytesMax];
            int size = 0;
            for (int n = -1; info.isFile() && n != 0 && size < bytesMax; size += n) {
                n = Linux.read(file, bytes, size, bytesMax - size);
            }
            return new String(bytes, 0, size, StandardCharsets.UTF_8);
        }
    }

    /// Puts a new file in the place of what is there, which must not be a directory. It belongs to
    /// the sandbox's root.
    void overwrite(String path, String text) throws LinuxException {
        int slash = path.lastIndexOf('/');
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        String half = TemporaryName.next();
        try (Fd parent = openDirectory(path.substring(0, slash))) {
            boolean done = false;
            try (Fd file = Linux.openat2(parent, half, CREATE, MODE, RESOLVE)) {
                Linux.chown(file, IdMap.BASE, IdMap.BASE);
                Linux.writeFully(file, bytes, 0, bytes.length);
                Directories.rename(parent, half, parent, path.substring(slash + 1), 0);
                done = true;
            } finally {
                if (!done) {
                    Directories.unlinkIfThere(parent, half);
                }
            }
        }
    }

    void delete(String path) throws LinuxException {
        int slash = path.lastIndexOf('/');
        try (Fd parent = openDirectory(path.substring(0, slash))) {
            Directories.unlink(parent, path.substring(slash + 1), 0);
        }
    }

    Fd openDirectory(String path) throws LinuxException {
        return Linux.openat2(top, path, Linux.O_RDONLY | Linux.O_DIRECTORY, 0, RESOLVE);
    }
}
