package dev.carrel.sandbox.oci;

import dev.carrel.process.Directories;
import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.CopyResult;
import dev.carrel.sandbox.TemporaryName;
import java.util.List;

/// Moves and copies entries from one path to another. What takes time is made under a temporary
/// name beside its place, so that it appears whole or not at all.
final class TreeMove {
    private final Root root;

    TreeMove(Root root) {
        this.root = root;
    }

    CopyResult move(String from, String to, boolean overwrite) throws LinuxException {
        Place source = Place.of(from, "moved");
        Place target = Place.of(to, "replaced");
        try (Fd parent = root.openDirectory(source.parent())) {
            requireThere(parent, source.name());
            try (Fd place = root.makeDirectories(target.parent())) {
                return move(new Ends(from, parent, source.name(), place, target.name()), overwrite);
            }
        }
    }

    CopyResult copy(String from, String to, boolean overwrite) throws LinuxException {
        Place source = Place.of(from, "copied");
        Place target = Place.of(to, "replaced");
        try (Fd parent = root.openDirectory(source.parent())) {
            requireThere(parent, source.name());
            try (Fd place = root.makeDirectories(target.parent())) {
                return copy(new Ends(from, parent, source.name(), place, target.name()), overwrite);
            }
        }
    }

    /// An entry and where it goes; `path` is what the caller called it.
    private record Ends(String path, Fd from, String name, Fd to, String newName) {
        boolean areSame() throws LinuxException {
            return name.equals(newName) && Linux.stat(from).isSameFileAs(Linux.stat(to));
        }
    }

    private static void requireThere(Fd parent, String name) throws LinuxException {
        Linux.stat(parent, name, Linux.AT_SYMLINK_NOFOLLOW);
    }

    private CopyResult move(Ends ends, boolean overwrite) throws LinuxException {
        if (ends.areSame()) {
            return new CopyResult(0, List.of());
        }
        try {
            place(ends.from(), ends.name(), ends.to(), ends.newName(), overwrite);
            return new CopyResult(1, List.of());
        } catch (LinuxException e) {
            if (e.errno() == Errno.EINVAL) {
                throw PathFailures.conflict(ends.path(), "cannot be moved into itself");
            } else if (e.errno() != Errno.EXDEV) {
                throw e;
            }
        }
        // Another file system, or a directory of the image, which an overlay cannot rename.
        CopyResult copied = copy(ends, overwrite);
        new TreeRemoval(root).remove(ends.from(), ends.name());
        return copied;
    }

    private CopyResult copy(Ends ends, boolean overwrite) throws LinuxException {
        if (ends.areSame()) {
            throw PathFailures.conflict(ends.path(), "cannot be copied onto itself");
        }
        if (!overwrite && isThere(ends.to(), ends.newName())) {
            throw exists(ends.newName());
        }
        String temporary = TemporaryName.next();
        boolean done = false;
        try {
            CopyResult result =
                    new TreeCopy(root, ends.path(), ends.to())
                            .copy(ends.from(), ends.name(), temporary);
            if (result.entries() == 0) {
                throw PathFailures.conflict(ends.path(), "is no file, link or directory");
            }
            place(ends.to(), temporary, ends.to(), ends.newName(), overwrite);
            done = true;
            return result;
        } finally {
            if (!done && isThere(ends.to(), temporary)) {
                new TreeRemoval(root).remove(ends.to(), temporary);
            }
        }
    }

    private static boolean isThere(Fd directory, String name) throws LinuxException {
        try {
            requireThere(directory, name);
            return true;
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT) {
                return false;
            }
            throw e;
        }
    }

    private static RuntimeException exists(String name) {
        return PathFailures.conflict(
                name, "exists already; ask with overwrite to have it replaced");
    }

    private void place(Fd from, String name, Fd to, String newName, boolean overwrite)
            throws LinuxException {
        try {
            rename(from, name, to, newName, Directories.RENAME_NOREPLACE);
            return;
        } catch (LinuxException e) {
            if (e.errno() != Errno.EEXIST) {
                throw e;
            } else if (!overwrite) {
                throw exists(newName);
            }
        }
        boolean plain = !isDirectory(from, name) && !isDirectory(to, newName);
        if (plain) {
            rename(from, name, to, newName, 0);
        } else {
            replaceTree(from, name, to, newName);
        }
    }

    // The old tree moves aside first: taking it apart may take long.
    private void replaceTree(Fd from, String name, Fd to, String newName) throws LinuxException {
        String aside = TemporaryName.next();
        try {
            rename(to, newName, to, aside, Directories.RENAME_NOREPLACE);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EXDEV) {
                throw e;
            }
            // A directory of the image: an overlay cannot rename it.
            new TreeRemoval(root).remove(to, newName);
            rename(from, name, to, newName, Directories.RENAME_NOREPLACE);
            return;
        }
        boolean done = false;
        try {
            rename(from, name, to, newName, Directories.RENAME_NOREPLACE);
            done = true;
        } finally {
            if (done) {
                new TreeRemoval(root).remove(to, aside);
            } else {
                rename(to, aside, to, newName, Directories.RENAME_NOREPLACE);
            }
        }
    }

    private void rename(Fd from, String name, Fd to, String newName, int flags)
            throws LinuxException {
        root.create(() -> {
            Directories.rename(from, name, to, newName, flags);
            return newName;
        });
    }

    private static boolean isDirectory(Fd directory, String name) throws LinuxException {
        return Linux.stat(directory, name, Linux.AT_SYMLINK_NOFOLLOW).isDirectory();
    }
}
