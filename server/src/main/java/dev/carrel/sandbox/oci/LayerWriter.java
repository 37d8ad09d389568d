package dev.carrel.sandbox.oci;

import static dev.carrel.process.Linux.AT_SYMLINK_NOFOLLOW;
import static dev.carrel.process.Linux.O_DIRECTORY;
import static dev.carrel.process.Linux.O_NOFOLLOW;
import static dev.carrel.process.Linux.O_RDONLY;

import dev.carrel.process.Directories;
import dev.carrel.process.DirectoryEntry;
import dev.carrel.process.Fd;
import dev.carrel.process.FdInputStream;
import dev.carrel.process.FileInfo;
import dev.carrel.process.FileMetadata;
import dev.carrel.process.Linux;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.TarOutput;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/// Writes what a disk has changed against its image as a layer (OCI image specification, "Image
/// Layer Filesystem Changeset"): the upper folder of an overlay, in which a device with number 0
/// stands for what was removed, and a folder with an attribute hides the one below. Nobody may
/// write to the disk meanwhile. What is no file, folder or link is left out, and so are files with
/// names that mean something else in layers. Used by one thread.
final class LayerWriter {
    private static final String WHITEOUT = ".wh.";
    private static final String OPAQUE = ".wh..wh..opq";
    private static final int TYPE = 0170000;
    private static final int CHARACTER_DEVICE = 0020000;
    private static final int NOBODY = 65_534;

    private final TarOutput tar;

    /// The first name of each file that has several.
    private final Map<Long, String> links = new HashMap<>();

    private long entries;

    private LayerWriter(OutputStream out) {
        this.tar = new TarOutput(out);
    }

    /// `out` stays open.
    static void write(Path upper, OutputStream out) throws IOException {
        var writer = new LayerWriter(out);
        int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
        try (Fd top = Linux.open(upper.toString(), flags, 0)) {
            writer.contents(top, "", 0);
        }
        writer.tar.finish();
    }

    private void contents(Fd directory, String prefix, int depth) throws IOException {
        if (depth > SandboxFiles.TREE_DEPTH_MAX) {
            throw new IOException("folders more than %d levels deep".formatted(depth - 1));
        }
        for (var batch = Directories.next(directory);
                !batch.isEmpty();
                batch = Directories.next(directory)) {
            for (DirectoryEntry entry : batch) {
                add(directory, entry.name(), prefix + entry.name(), depth);
            }
        }
    }

    private void add(Fd directory, String name, String path, int depth) throws IOException {
        FileInfo info = Linux.stat(directory, name, AT_SYMLINK_NOFOLLOW);
        if (name.startsWith(WHITEOUT)) {
            return;
        }
        if (++entries > SandboxFiles.TREE_ENTRIES_MAX) {
            throw new IOException("more than " + SandboxFiles.TREE_ENTRIES_MAX + " files");
        }
        if (info.isDirectory()) {
            directory(directory, name, path, info, depth);
        } else if (info.isFile()) {
            file(directory, name, path, info);
        } else if (info.isSymlink()) {
            tar.symlink(path, attributes(info), Directories.readLink(directory, name));
        } else if ((info.mode() & TYPE) == CHARACTER_DEVICE) {
            String parent = path.substring(0, path.length() - name.length());
            empty(parent + WHITEOUT + name);
        }
    }

    private void directory(Fd parent, String name, String path, FileInfo info, int depth)
            throws IOException {
        try (Fd inner = Linux.openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)) {
            requireNone(inner, "trusted.overlay.redirect");
            tar.directory(path, attributes(info));
            if (FileMetadata.attribute(inner, "trusted.overlay.opaque")
                    .filter(value -> value.equals("y"))
                    .isPresent()) {
                empty(path + "/" + OPAQUE);
            }
            contents(inner, path + "/", depth + 1);
        }
    }

    private void file(Fd parent, String name, String path, FileInfo info) throws IOException {
        if (info.links() > 1) {
            String first = links.putIfAbsent(info.inode(), path);
            if (first != null) {
                tar.hardLink(path, attributes(info), first);
                return;
            }
        }
        try (Fd file = Linux.openat(parent, name, O_RDONLY | O_NOFOLLOW, 0)) {
            requireNone(file, "trusted.overlay.metacopy");
            var content = new BoundedContent(new FdInputStream(file), info.sizeBytes());
            tar.file(path, attributes(info), info.sizeBytes(), content);
        }
    }

    // Mounts are made so that there are none: see RootMounts.
    private static void requireNone(Fd file, String attribute) throws IOException {
        if (FileMetadata.attribute(file, attribute).isPresent()) {
            throw new IOException("this disk refers to its image by " + attribute);
        }
    }

    private void empty(String path) throws IOException {
        var attributes = new TarOutput.Attributes(0, 0, 0, java.time.Instant.EPOCH);
        tar.file(path, attributes, 0, InputStream.nullInputStream());
    }

    private static TarOutput.Attributes attributes(FileInfo info) {
        return new TarOutput.Attributes(
                info.permissions(), inside(info.owner()), inside(info.group()), info.modifiedAt());
    }

    private static int inside(int id) {
        int inside = id - IdMap.BASE;
        return inside >= 0 && inside < IdMap.SIZE ? inside : NOBODY;
    }
}
