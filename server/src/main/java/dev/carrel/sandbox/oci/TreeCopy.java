package dev.carrel.sandbox.oci;

import dev.carrel.process.Directories;
import dev.carrel.process.DirectoryEntry;
import dev.carrel.process.Fd;
import dev.carrel.process.FileData;
import dev.carrel.process.FileInfo;
import dev.carrel.process.FileMetadata;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.CopyResult;
import dev.carrel.sandbox.SandboxFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Copies one entry with all below it into a directory where its new name is free. By descriptors
/// only: whatever is swapped meanwhile, nothing but regular files, links and directories of the
/// source's own file system is read, and nothing but the new entries is written.
final class TreeCopy {
    private static final int READ = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NONBLOCK;
    private static final int CREATE = Linux.O_WRONLY | Linux.O_CREAT | Linux.O_EXCL;

    private final Root root;
    private final String path;
    private final Fd target;
    private final FileInfo targetInfo;
    private final List<String> skipped = new ArrayList<>();
    private long entries;

    /// Copies what `path` names, into the directory `target`.
    TreeCopy(Root root, String path, Fd target) throws LinuxException {
        this.root = root;
        this.path = path;
        this.target = target;
        this.targetInfo = Linux.stat(target);
    }

    CopyResult copy(Fd parent, String name, String newName) throws LinuxException {
        copy(parent, name, target, newName, 1);
        return new CopyResult(entries, skipped);
    }

    private void copy(Fd from, String name, Fd to, String newName, int depth)
            throws LinuxException {
        if (++entries > SandboxFiles.TREE_ENTRIES_MAX) {
            throw PathFailures.conflict(
                    path, "has more than " + SandboxFiles.TREE_ENTRIES_MAX + " entries");
        }
        Optional<Fd> found = Root.lookAt(from, name);
        if (found.isEmpty()) {
            entries--; // deleted meanwhile, or a mount
            return;
        }
        try (Fd seen = found.get()) {
            FileInfo info = Linux.stat(seen);
            if (info.isFile()) {
                copyFile(seen, info, to, newName);
            } else if (info.isDirectory()) {
                copyDirectory(seen, info, to, newName, depth);
            } else if (info.isSymlink()) {
                copyLink(seen, info, to, newName);
            } else {
                skip(name);
            }
        }
    }

    private void skip(String name) {
        entries--;
        if (skipped.size() < CopyResult.SKIPPED_MAX) {
            skipped.add(name);
        }
    }

    private void copyFile(Fd seen, FileInfo info, Fd to, String newName) throws LinuxException {
        try (Fd source = Root.reopen(seen, Linux.O_RDONLY);
                Fd copy = root.create(() -> Linux.openat(to, newName, CREATE, 0600))) {
            FileData.copy(source, copy, info.sizeBytes());
            setAttributes(copy, info);
        }
    }

    private void copyLink(Fd seen, FileInfo info, Fd to, String newName) throws LinuxException {
        String content = Directories.readLink(seen, "");
        root.create(() -> {
            Directories.symlink(content, to, newName);
            return newName;
        });
        Linux.chownat(to, newName, info.owner(), info.group(), Linux.AT_SYMLINK_NOFOLLOW);
    }

    private void copyDirectory(Fd seen, FileInfo info, Fd to, String newName, int depth)
            throws LinuxException {
        if (info.isSameFileAs(targetInfo)) {
            throw PathFailures.conflict(path, "cannot be copied into itself");
        } else if (depth > SandboxFiles.TREE_DEPTH_MAX) {
            throw PathFailures.conflict(
                    path, "is deeper than " + SandboxFiles.TREE_DEPTH_MAX + " directories");
        }
        root.create(() -> {
            Directories.makeDirectory(to, newName, 0700);
            return newName;
        });
        try (Fd source = Root.reopen(seen, READ);
                Fd copy = Root.openEntry(to, newName, READ)) {
            for (var batch = Directories.next(source);
                    !batch.isEmpty();
                    batch = Directories.next(source)) {
                for (DirectoryEntry entry : batch) {
                    copy(source, entry.name(), copy, entry.name(), depth + 1);
                }
            }
            setAttributes(copy, info);
        }
    }

    // The owner first: a change of it takes the set-user-id bit away.
    private static void setAttributes(Fd copy, FileInfo info) throws LinuxException {
        Linux.chown(copy, info.owner(), info.group());
        Linux.chmod(copy, info.permissions());
        FileMetadata.setModified(copy, info.modifiedAt());
    }
}
