package dev.carrel.sandbox.oci;

import static dev.carrel.process.Linux.O_RDONLY;

import dev.carrel.process.Directories;
import dev.carrel.process.Fd;
import dev.carrel.process.FdInputStream;
import dev.carrel.process.FileInfo;
import dev.carrel.process.FileNames;
import dev.carrel.sandbox.FileDifference;
import dev.carrel.sandbox.FileDifference.Side;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.oci.LayeredDirectory.Entry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Compares the files of two snapshots of disks on one image. What is the same file on both, not
/// changed since, is not read. Used by one thread.
final class SnapshotComparison {
    /// What `.git` holds is no part of what people mean by a difference, and no patch may have it.
    private static final String LEFT_OUT = ".git";

    private static final int ENTRIES_ON_THE_WAY_MAX = 100_000;

    private final int entriesMax;
    private final FileDifference.Visitor visitor;
    private int entries;
    private boolean ended;
    private boolean leftOut;

    private SnapshotComparison(int entriesMax, FileDifference.Visitor visitor) {
        this.entriesMax = entriesMax;
        this.visitor = visitor;
    }

    /// The upper folders of both, absent where nothing was changed, and the root of their image.
    record Trees(Optional<Path> before, Optional<Path> after, Path image) {}

    /// Below `path`, which is absolute; a link on the way to it counts as nothing. Returns whether
    /// all was compared: not after more than `entriesMax` entries, nor when the visitor has enough,
    /// nor what is nested deeper than any tree may be.
    static boolean run(Trees trees, String path, int entriesMax, FileDifference.Visitor visitor)
            throws IOException {
        var comparison = new SnapshotComparison(entriesMax, visitor);
        try (var before = top(trees.before(), trees.image(), path);
                var after = top(trees.after(), trees.image(), path)) {
            comparison.directories(before, after, path.equals("/") ? "" : path, 0);
            return !comparison.ended && !comparison.leftOut;
        } catch (LayeredDirectory.TooManyEntriesException e) {
            return false;
        }
    }

    private static LayeredDirectory top(Optional<Path> upper, Path image, String path)
            throws IOException {
        LayeredDirectory directory = LayeredDirectory.root(upper, image);
        for (String name : path.substring(1).split("/")) {
            if (!name.isEmpty()) {
                try (var outer = directory) {
                    directory = outer.directory(outer.entry(name, ENTRIES_ON_THE_WAY_MAX));
                }
            }
        }
        return directory;
    }

    private void directories(
            LayeredDirectory before, LayeredDirectory after, String path, int depth)
            throws IOException {
        if (depth > SandboxFiles.TREE_DEPTH_MAX) {
            leftOut = true;
            return;
        }
        Map<String, Entry> old = before.entries(entriesMax);
        Map<String, Entry> now = after.entries(entriesMax);
        var names = new TreeSet<>(old.keySet());
        names.addAll(now.keySet());
        entries += names.size();
        ended |= entries > entriesMax;
        for (String name : names) {
            if (ended) {
                return;
            }
            if (!name.equals(LEFT_OUT)) {
                entry(
                        before,
                        after,
                        path + "/" + name,
                        new Pair(old.get(name), now.get(name)),
                        depth);
            }
        }
    }

    private record Pair(@Nullable Entry before, @Nullable Entry after) {
        boolean isSame() {
            return before != null
                    && after != null
                    && before.fromUpper() == after.fromUpper()
                    && before.info().inode() == after.info().inode()
                    && before.info().changedAt().equals(after.info().changedAt())
                    && before.info().mode() == after.info().mode();
        }

        boolean hasDirectory() {
            return (before != null && before.info().isDirectory())
                    || (after != null && after.info().isDirectory());
        }
    }

    private void entry(
            LayeredDirectory before, LayeredDirectory after, String path, Pair pair, int depth)
            throws IOException {
        if (pair.hasDirectory()) {
            try (var inner = before.directory(Optional.ofNullable(pair.before()));
                    var outer = after.directory(Optional.ofNullable(pair.after()))) {
                directories(inner, outer, path, depth + 1);
            }
        }
        if (pair.isSame() || ended) {
            return;
        }
        var opened = new ArrayList<InputStream>();
        try {
            Optional<Side> old = side(pair.before(), opened);
            Optional<Side> now = side(pair.after(), opened);
            if (old.isPresent() || now.isPresent()) {
                ended |= !visitor.visit(new FileDifference(path, old, now));
            }
        } finally {
            for (InputStream stream : opened) {
                stream.close();
            }
        }
    }

    private static Optional<Side> side(@Nullable Entry entry, List<InputStream> opened)
            throws IOException {
        if (entry == null) {
            return Optional.empty();
        }
        FileInfo info = entry.info();
        if (info.isSymlink()) {
            byte[] target = FileNames.encode(Directories.readLink(entry.folder(), entry.name()));
            return Optional.of(
                    new Side(
                            true,
                            info.permissions(),
                            target.length,
                            () -> new ByteArrayInputStream(target)));
        }
        if (!info.isFile()) {
            return Optional.empty();
        }
        return Optional.of(
                new Side(
                        false,
                        info.permissions(),
                        info.sizeBytes(),
                        () -> {
                            InputStream stream = open(entry);
                            opened.add(stream);
                            return stream;
                        }));
    }

    private static InputStream open(Entry entry) {
        try {
            Fd file = Root.openEntry(entry.folder(), entry.name(), O_RDONLY);
            return new BoundedContent(new FdInputStream(file), entry.info().sizeBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
