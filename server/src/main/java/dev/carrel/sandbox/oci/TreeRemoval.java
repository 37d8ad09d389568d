package dev.carrel.sandbox.oci;

import dev.carrel.process.Directories;
import dev.carrel.process.DirectoryEntry;
import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.TemporaryName;

/// Removes an entry of a directory with all that is in it, by descriptors only, so that nothing
/// that is moved or linked meanwhile can lead it elsewhere. Trees may be deeper than any path or
/// table of descriptors allows: what lies too deep is moved up to the top first.
final class TreeRemoval {
    private static final int DEPTH_MAX = 64;

    /// Somebody may add files as fast as they are removed. Each level moved up takes a pass.
    private static final int PASSES_MAX = 10_000;

    private static final int READ = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NONBLOCK;

    private final Root root;

    TreeRemoval(Root root) {
        this.root = root;
    }

    void remove(Fd parent, String name) throws LinuxException {
        if (!unlinked(parent, name)) {
            try (Fd top = Root.openEntry(parent, name, READ)) {
                empty(top, top, 1);
            }
            removeDirectory(parent, name);
        }
    }

    // True when it is gone, false when it is a directory.
    private static boolean unlinked(Fd parent, String name) throws LinuxException {
        try {
            Directories.unlink(parent, name, 0);
            return true;
        } catch (LinuxException e) {
            if (e.errno() != Errno.EISDIR) {
                throw e;
            }
            return false;
        }
    }

    private static void removeDirectory(Fd parent, String name) throws LinuxException {
        try {
            Directories.unlink(parent, name, Directories.AT_REMOVEDIR);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
    }

    private void empty(Fd directory, Fd top, int depth) throws LinuxException {
        for (int pass = 0; pass < PASSES_MAX; pass++) {
            boolean found = false;
            for (var batch = Directories.next(directory);
                    !batch.isEmpty();
                    batch = Directories.next(directory)) {
                found = true;
                for (DirectoryEntry entry : batch) {
                    removeInner(directory, entry.name(), top, depth);
                }
            }
            if (!found) {
                return;
            }
            Linux.seek(directory, 0);
        }
    }

    private void removeInner(Fd directory, String name, Fd top, int depth) throws LinuxException {
        try {
            if (unlinked(directory, name)) {
                return;
            }
            if (depth == DEPTH_MAX) {
                // Found there by the next pass over the top.
                root.rename(directory, name, top, TemporaryName.next());
                return;
            }
            try (Fd inner = Root.openEntry(directory, name, READ)) {
                empty(inner, top, depth + 1);
            }
            removeDirectory(directory, name);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
    }
}
