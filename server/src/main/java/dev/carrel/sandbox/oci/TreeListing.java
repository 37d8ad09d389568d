package dev.carrel.sandbox.oci;

import dev.carrel.process.Directories;
import dev.carrel.process.DirectoryEntry;
import dev.carrel.process.Fd;
import dev.carrel.process.FileInfo;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.FileStat;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// Lists a directory, or a tree, in the order of the paths as text. Takes memory for the entries
/// that it gives, however many there are.
final class TreeListing {
    /// Directories below this depth are listed and not entered.
    static final int DEPTH_MAX = 256;

    private static final int READ = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NONBLOCK;

    private final Root root;
    private final boolean recursive;
    private final int entriesMax;
    private final String after;
    private final List<FileStat> entries = new ArrayList<>();

    /// `after` is a path, or empty for the first entries.
    TreeListing(Root root, boolean recursive, int entriesMax, String after) {
        this.root = root;
        this.recursive = recursive;
        this.entriesMax = entriesMax;
        this.after = after;
    }

    List<FileStat> list(String path) throws LinuxException {
        try (Fd place = root.openDirectory(path);
                Fd directory = Root.reopen(place, READ)) {
            list(directory, path.endsWith("/") ? path : path + "/", 1);
        }
        return entries;
    }

    private void list(Fd directory, String prefix, int depth) throws LinuxException {
        // A name with "/" stands for what is below it: that comes where the text of paths says.
        for (String key : keys(directory, prefix)) {
            if (entries.size() >= entriesMax) {
                return;
            }
            if (!key.endsWith("/")) {
                add(directory, prefix, key);
            } else if (depth < DEPTH_MAX) {
                enter(directory, prefix, key, depth);
            }
        }
    }

    // The first names in order are enough: each is at least one entry.
    private Set<String> keys(Fd directory, String prefix) throws LinuxException {
        var keys = new TreeSet<String>();
        int most = recursive ? entriesMax * 2 : entriesMax;
        for (var batch = Directories.next(directory);
                !batch.isEmpty();
                batch = Directories.next(directory)) {
            for (DirectoryEntry entry : batch) {
                addIfAfter(keys, prefix, entry.name());
                if (recursive && mayBeDirectory(entry)) {
                    addIfAfter(keys, prefix, entry.name() + "/");
                }
                while (keys.size() > most) {
                    keys.pollLast();
                }
            }
        }
        return keys;
    }

    // What is below a directory sorts behind `after` where the directory itself does, and where
    // `after` is below it.
    private void addIfAfter(Set<String> keys, String prefix, String key) {
        String path = prefix + key;
        if (path.compareTo(after) > 0 || (key.endsWith("/") && after.startsWith(path))) {
            keys.add(key);
        }
    }

    private static boolean mayBeDirectory(DirectoryEntry entry) {
        return entry.type() == DirectoryEntry.Type.DIRECTORY
                || entry.type() == DirectoryEntry.Type.UNKNOWN;
    }

    private void add(Fd directory, String prefix, String name) throws LinuxException {
        try {
            FileInfo info = Linux.stat(directory, name, Linux.AT_SYMLINK_NOFOLLOW);
            Optional<String> target =
                    info.isSymlink()
                            ? Optional.of(Directories.readLink(directory, name))
                            : Optional.empty();
            entries.add(describe(root, prefix + name, info, target));
        } catch (LinuxException e) {
            ignoreIfGone(e);
        }
    }

    private void enter(Fd directory, String prefix, String key, int depth) throws LinuxException {
        String name = key.substring(0, key.length() - 1);
        try (Fd inner = Root.openEntry(directory, name, READ)) {
            list(inner, prefix + key, depth + 1);
        } catch (LinuxException e) {
            ignoreIfGone(e);
        }
    }

    // Deleted or replaced meanwhile, no directory after all, or another file system.
    private static void ignoreIfGone(LinuxException e) throws LinuxException {
        boolean gone =
                switch (e.errno()) {
                    case ENOENT, ENOTDIR, ELOOP, EXDEV, EINVAL -> true;
                    default -> false;
                };
        if (!gone) {
            throw e;
        }
    }

    static FileStat describe(Root root, String path, FileInfo info, Optional<String> linkTarget) {
        int owner = root.inside(info.owner());
        return FileStat.of(path, info, owner, root.inside(info.group()), linkTarget);
    }
}
