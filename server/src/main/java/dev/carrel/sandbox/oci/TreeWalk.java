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
import java.util.Optional;

/// Shows a tree to a visitor as it comes by it, in constant memory.
final class TreeWalk {
    private static final int READ = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NONBLOCK;

    private final Root root;
    private final String path;
    private final TreeEntry.Visitor visitor;
    private long entries;

    TreeWalk(Root root, String path, TreeEntry.Visitor visitor) {
        this.root = root;
        this.path = path;
        this.visitor = visitor;
    }

    /// Follows links on the way to the top.
    void walk() throws LinuxException {
        try (Fd top = Root.checked(path, root.open(path, Linux.O_PATH))) {
            visit(top, "", 0);
        }
    }

    private void visit(Fd seen, String name, int depth) throws LinuxException {
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
            enter(seen, name, depth);
        }
    }

    private void show(String name, FileInfo info, InputStream content) {
        show(name, info, Optional.empty(), content);
    }

    private void show(
            String name, FileInfo info, Optional<String> linkTarget, InputStream content) {
        String whole = name.isEmpty() ? path : (path.endsWith("/") ? path : path + "/") + name;
        var stat = TreeListing.describe(root, whole, info, linkTarget);
        visitor.visit(new TreeEntry(name, stat, linkTarget, content));
    }

    private void enter(Fd seen, String name, int depth) throws LinuxException {
        if (depth >= SandboxFiles.TREE_DEPTH_MAX) {
            throw PathFailures.conflict(
                    path, "is deeper than " + SandboxFiles.TREE_DEPTH_MAX + " directories");
        }
        String prefix = name.isEmpty() ? "" : name + "/";
        try (Fd directory = Root.reopen(seen, READ)) {
            for (var batch = Directories.next(directory);
                    !batch.isEmpty();
                    batch = Directories.next(directory)) {
                for (DirectoryEntry entry : batch) {
                    visitEntry(directory, prefix, entry.name(), depth);
                }
            }
        }
    }

    private void visitEntry(Fd directory, String prefix, String name, int depth)
            throws LinuxException {
        Optional<Fd> found = Root.lookAt(directory, name);
        if (found.isPresent()) {
            try (Fd seen = found.get()) {
                visit(seen, prefix + name, depth + 1);
            }
        }
    }
}
