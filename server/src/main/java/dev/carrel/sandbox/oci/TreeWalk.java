package dev.carrel.sandbox.oci;

import dev.carrel.process.Directories;
import dev.carrel.process.DirectoryEntry;
import dev.carrel.process.Fd;
import dev.carrel.process.FdInputStream;
import dev.carrel.process.FileInfo;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.TreeEntry;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.Optional;

/// Shows a tree to a visitor as it comes by it, in constant memory.
final class TreeWalk {
    private static final int READ = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NONBLOCK;

    private final Root root;
    private final String path;
    private final TreeEntry.Visitor visitor;
    private final Deque<Level> levels = new ArrayDeque<>();
    private long entries;

    TreeWalk(Root root, String path, TreeEntry.Visitor visitor) {
        this.root = root;
        this.path = path;
        this.visitor = visitor;
    }

    /// A directory whose entries are being shown.
    private static final class Level {
        private final Fd directory;
        private final String prefix;
        private Iterator<DirectoryEntry> batch = Collections.emptyIterator();

        Level(Fd directory, String prefix) {
            this.directory = directory;
            this.prefix = prefix;
        }

        /// Empty after the last one.
        Optional<String> next() throws LinuxException {
            if (!batch.hasNext()) {
                batch = Directories.next(directory).iterator();
            }
            return batch.hasNext() ? Optional.of(batch.next().name()) : Optional.empty();
        }
    }

    /// Follows links on the way to the top.
    void walk() throws LinuxException {
        try {
            try (Fd top = Root.checked(path, root.open(path, Linux.O_PATH))) {
                visit(top, "");
            }
            while (!levels.isEmpty()) {
                Level level = levels.getLast();
                Optional<String> name = level.next();
                if (name.isEmpty()) {
                    levels.removeLast().directory.close();
                } else {
                    visitEntry(level, name.get());
                }
            }
        } finally {
            levels.forEach(level -> level.directory.close());
        }
    }

    private void visitEntry(Level level, String name) throws LinuxException {
        Optional<Fd> found = Root.lookAt(level.directory, name);
        if (found.isPresent()) {
            try (Fd seen = found.get()) {
                visit(seen, level.prefix + name);
            }
        }
    }

    private void visit(Fd seen, String name) throws LinuxException {
        if (++entries > SandboxFiles.TREE_ENTRIES_MAX) {
            throw PathFailures.conflict(
                    path, "has more than " + SandboxFiles.TREE_ENTRIES_MAX + " entries");
        }
        FileInfo info = Linux.stat(seen);
        if (info.isFile()) {
            try (Fd file = Root.reopen(seen, Linux.O_RDONLY)) {
                FileInfo now = Linux.stat(file);
                show(name, now, new BoundedContent(new FdInputStream(file), now.sizeBytes()));
            }
            return;
        }
        Optional<String> target =
                info.isSymlink() ? Optional.of(Directories.readLink(seen, "")) : Optional.empty();
        show(name, info, target, InputStream.nullInputStream());
        if (info.isDirectory()) {
            enter(seen, name);
        }
    }

    private void show(String name, FileInfo info, InputStream content) {
        show(name, info, Optional.empty(), content);
    }

    private void show(
            String name, FileInfo info, Optional<String> linkTarget, InputStream content) {
        var stat = TreeListing.describe(root, whole(name), info, linkTarget);
        visitor.visit(new TreeEntry(name, stat, linkTarget, content));
    }

    private String whole(String name) {
        return name.isEmpty() ? path : (path.endsWith("/") ? path : path + "/") + name;
    }

    private void enter(Fd seen, String name) throws LinuxException {
        if (levels.size() >= SandboxFiles.TREE_DEPTH_MAX) {
            throw PathFailures.conflict(
                    whole(name),
                    "is more than " + SandboxFiles.TREE_DEPTH_MAX + " directories below " + path);
        }
        levels.addLast(new Level(Root.reopen(seen, READ), name.isEmpty() ? "" : name + "/"));
    }
}
