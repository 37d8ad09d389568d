package dev.carrel.image;

import static dev.carrel.process.Linux.O_CREAT;
import static dev.carrel.process.Linux.O_DIRECTORY;
import static dev.carrel.process.Linux.O_EXCL;
import static dev.carrel.process.Linux.O_NOFOLLOW;
import static dev.carrel.process.Linux.O_RDONLY;
import static dev.carrel.process.Linux.O_WRONLY;

import dev.carrel.process.Directories;
import dev.carrel.process.DirectoryEntry;
import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.FileInfo;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import java.io.IOException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/// Puts layers on top of each other into one root file system, as an overlay would show them. Files
/// are not copied: they get one more name, so that images share what they have in common. Used by
/// one thread.
final class RootMerge {
    private static final long EXACTLY = Linux.RESOLVE_BENEATH | Linux.RESOLVE_NO_SYMLINKS;
    private static final long IN_ROOT = Linux.RESOLVE_IN_ROOT | Linux.RESOLVE_NO_MAGICLINKS;
    private static final int BUFFER_BYTES = 1 << 16;

    private final Fd root;

    /// `root` is an open directory, owned by nobody else.
    RootMerge(Fd root) {
        this.root = root;
    }

    void add(Fd layer, LayerNotes notes) throws IOException {
        for (String path : notes.opaques()) {
            empty(path);
        }
        for (String path : notes.whiteouts()) {
            remove(LayerPath.of(path));
        }
        merge(layer, root, "", new HashSet<>(notes.implied()), 0);
    }

    private void empty(String path) throws IOException {
        try (Fd directory = Linux.openat2(root, path, O_RDONLY | O_DIRECTORY, 0, EXACTLY)) {
            Entries.empty(directory);
        } catch (LinuxException e) {
            requireAbsent(e);
        }
    }

    private void remove(LayerPath path) throws IOException {
        int flags = O_RDONLY | O_DIRECTORY;
        try (Fd parent = Linux.openat2(root, path.parent().text(), flags, 0, EXACTLY)) {
            Entries.remove(parent, path.name());
        } catch (LinuxException e) {
            requireAbsent(e);
        }
    }

    // A layer may remove what is not there.
    private static void requireAbsent(LinuxException e) throws LinuxException {
        switch (e.errno()) {
            case ENOENT, ENOTDIR, ELOOP, EXDEV -> {}
            default -> throw e;
        }
    }

    private void merge(Fd from, Fd to, String path, Set<String> implied, int depth)
            throws IOException {
        if (depth > Entries.DEPTH_MAX) {
            throw new IOException("folders more than " + Entries.DEPTH_MAX + " levels deep");
        }
        for (DirectoryEntry entry : Entries.list(from)) {
            String name = entry.name();
            FileInfo info = Linux.stat(from, name, Linux.AT_SYMLINK_NOFOLLOW);
            if (!info.isDirectory()) {
                Entries.remove(to, name);
                link(from, to, name, info);
                continue;
            }
            String inner = path.isEmpty() ? name : path + "/" + name;
            boolean isImplied = implied.contains(inner);
            try (Fd source = Entries.open(from, name);
                    Fd target = directory(to, name, inner, isImplied)) {
                merge(source, target, inner, implied, depth + 1);
                if (!isImplied) {
                    Linux.chown(target, info.owner(), info.group());
                    Linux.chmod(target, info.permissions());
                    Linux.setModified(target, info.modifiedAt());
                }
            }
        }
    }

    /// The folder to merge into. Where the layer only uses a folder and a link to one stands there,
    /// as `/lib` often is, the link is followed.
    private Fd directory(Fd parent, String name, String path, boolean isImplied)
            throws IOException {
        Optional<FileInfo> there = Entries.stat(parent, name);
        if (there.isPresent() && there.get().isDirectory()) {
            return Entries.open(parent, name);
        }
        if (there.isPresent() && there.get().isSymlink() && isImplied) {
            try {
                return Linux.openat2(root, path, O_RDONLY | O_DIRECTORY, 0, IN_ROOT);
            } catch (LinuxException e) {
                requireAbsent(e); // leads nowhere: replaced
            }
        }
        Entries.remove(parent, name);
        Directories.makeDirectory(parent, name, 0755);
        return Entries.open(parent, name);
    }

    private static void link(Fd from, Fd to, String name, FileInfo info) throws IOException {
        try {
            Directories.link(from, name, to, name);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EMLINK) {
                throw e;
            }
            copy(from, to, name, info);
        }
    }

    // A file has only so many names, 65,000 on ext4: then another copy begins.
    private static void copy(Fd from, Fd to, String name, FileInfo info) throws IOException {
        if (info.isSymlink()) {
            Directories.symlink(Directories.readLink(from, name), to, name);
            int flags = Linux.AT_SYMLINK_NOFOLLOW;
            Linux.chownat(to, name, info.owner(), info.group(), flags);
            return;
        }
        int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
        try (Fd source = Linux.openat(from, name, O_RDONLY | O_NOFOLLOW, 0);
                Fd target = Linux.openat(to, name, flags, 0600)) {
            var buffer = new byte[BUFFER_BYTES];
            for (int got = Linux.read(source, buffer, 0, buffer.length);
                    got > 0;
                    got = Linux.read(source, buffer, 0, buffer.length)) {
                Linux.writeFully(target, buffer, 0, got);
            }
            Linux.chown(target, info.owner(), info.group());
            Linux.chmod(target, info.permissions());
            Linux.setModified(target, info.modifiedAt());
        }
    }
}
