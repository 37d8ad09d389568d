package dev.carrel.sandbox.oci;

import dev.carrel.process.Directories;
import dev.carrel.process.DirectoryEntry;
import dev.carrel.process.Fd;
import dev.carrel.process.FileInfo;
import dev.carrel.process.FileMetadata;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.FileAttributes;
import dev.carrel.sandbox.SandboxFiles;
import java.util.Optional;

/// Sets attributes of an entry, or of all of a tree. Links below the top are left alone but for
/// their owner.
final class TreeChange {
    private static final int READ = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NONBLOCK;

    private final Root root;
    private final String path;
    private final FileAttributes attributes;
    private long entries;

    TreeChange(Root root, String path, FileAttributes attributes) {
        this.root = root;
        this.path = path;
        this.attributes = attributes;
    }

    void change(boolean recursive) throws LinuxException {
        try (Fd top = Root.checked(path, root.open(path, Linux.O_PATH))) {
            FileInfo info = Linux.stat(top);
            apply(root, top, info, attributes);
            if (recursive && info.isDirectory()) {
                try (Fd directory = Root.reopen(top, READ)) {
                    changeBelow(directory, 1);
                }
            }
        }
    }

    private void changeBelow(Fd directory, int depth) throws LinuxException {
        if (depth > SandboxFiles.TREE_DEPTH_MAX) {
            throw PathFailures.conflict(
                    path, "is deeper than " + SandboxFiles.TREE_DEPTH_MAX + " directories");
        }
        for (var batch = Directories.next(directory);
                !batch.isEmpty();
                batch = Directories.next(directory)) {
            for (DirectoryEntry entry : batch) {
                if (++entries > SandboxFiles.TREE_ENTRIES_MAX) {
                    throw PathFailures.conflict(
                            path, "has more than " + SandboxFiles.TREE_ENTRIES_MAX + " entries");
                }
                changeEntry(directory, entry.name(), depth);
            }
        }
    }

    private void changeEntry(Fd directory, String name, int depth) throws LinuxException {
        Optional<Fd> found = Root.lookAt(directory, name);
        if (found.isEmpty()) {
            return; // deleted meanwhile, or a mount
        }
        try (Fd seen = found.get()) {
            FileInfo info = Linux.stat(seen);
            apply(root, seen, info, attributes);
            if (info.isDirectory()) {
                try (Fd inner = Root.reopen(seen, READ)) {
                    changeBelow(inner, depth + 1);
                }
            }
        }
    }

    /// Sets what `attributes` has on an open entry. The owner first: a change of it takes the
    /// set-user-id bit away. A link has no mode.
    static void apply(Root root, Fd entry, FileInfo info, FileAttributes attributes)
            throws LinuxException {
        boolean owned = attributes.owner().isPresent() || attributes.group().isPresent();
        if (owned) {
            FileMetadata.chown(
                    entry,
                    root.outside(attributes.owner(), info.owner()),
                    root.outside(attributes.group(), info.group()));
        }
        if (!info.isSymlink() && (attributes.mode().isPresent() || owned)) {
            FileMetadata.chmod(entry, attributes.mode().orElse(info.permissions()));
        }
    }
}
