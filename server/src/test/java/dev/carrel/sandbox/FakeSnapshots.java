package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.Ids;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The snapshots of a [FakeHost]: folders beside those of the sandboxes.
final class FakeSnapshots {
    private final Path directory;
    private volatile boolean cheap;

    FakeSnapshots(Path directory) {
        this.directory = directory;
    }

    boolean areCheap() {
        return cheap;
    }

    void becomeCheap() {
        cheap = true;
    }

    /// Returns the bytes of all files.
    long take(Path root, SnapshotId snapshot) {
        return copy(root, directory.resolve(snapshot.value()));
    }

    void copyTo(Path root, SnapshotId snapshot) {
        Path source = directory.resolve(snapshot.value());
        if (!Files.isDirectory(source)) {
            throw notFound(snapshot);
        }
        long size = copy(source, root);
        assert size >= 0;
    }

    void replace(Path root, SnapshotId snapshot) {
        Path half = root.resolveSibling(root.getFileName() + ".half");
        copyTo(half, snapshot);
        try {
            removeTree(root);
            Files.move(half, root);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void delete(SnapshotId snapshot) {
        try {
            removeTree(directory.resolve(snapshot.value()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void writeLayer(SnapshotId snapshot, OutputStream out) {
        Path root = directory.resolve(snapshot.value());
        if (!Files.isDirectory(root)) {
            throw notFound(snapshot);
        }
        var tar = new TarOutput(out);
        new FakeFiles(root, () -> {})
                .walk(
                        "/",
                        entry -> {
                            try {
                                write(tar, entry);
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        });
        try {
            tar.finish();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean compare(
            Optional<SnapshotId> before,
            Optional<SnapshotId> after,
            String path,
            FileDifference.Visitor visitor) {
        Map<String, FileDifference.Side> old = sides(before, path);
        Map<String, FileDifference.Side> now = sides(after, path);
        var names = new TreeSet<>(old.keySet());
        names.addAll(now.keySet());
        return names.stream()
                .allMatch(name ->
                        visitor.visit(
                                new FileDifference(
                                        name,
                                        Optional.ofNullable(old.get(name)),
                                        Optional.ofNullable(now.get(name)))));
    }

    private Map<String, FileDifference.Side> sides(Optional<SnapshotId> snapshot, String path) {
        Map<String, FileDifference.Side> sides = new TreeMap<>();
        if (snapshot.isEmpty()) {
            return sides;
        }
        Path root = directory.resolve(snapshot.get().value());
        if (!Files.isDirectory(root)) {
            throw notFound(snapshot.get());
        }
        new FakeFiles(root, () -> {})
                .walk(
                        path,
                        entry -> {
                            String name = path + "/" + entry.name();
                            boolean link = entry.stat().type() == FileStat.Type.SYMLINK;
                            if ((link || entry.stat().type() == FileStat.Type.FILE)
                                    && !name.contains("/.git/")) {
                                sides.put(name, side(entry, link));
                            }
                        });
        return sides;
    }

    private static FileDifference.Side side(TreeEntry entry, boolean link) {
        try {
            byte[] content =
                    link
                            ? entry.linkTarget().orElse("").getBytes(StandardCharsets.UTF_8)
                            : entry.content().readAllBytes();
            return new FileDifference.Side(
                    link,
                    entry.stat().mode(),
                    content.length,
                    () -> new ByteArrayInputStream(content));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(TarOutput tar, TreeEntry entry) throws IOException {
        FileStat stat = entry.stat();
        var attributes = new TarOutput.Attributes(stat.mode(), 0, 0, stat.modifiedAt());
        switch (stat.type()) {
            case FILE -> tar.file(entry.name(), attributes, stat.sizeBytes(), entry.content());
            case DIRECTORY -> tar.directory(entry.name(), attributes);
            case SYMLINK -> tar.symlink(entry.name(), attributes, entry.linkTarget().orElse(""));
            case OTHER -> {}
        }
    }

    private static CarrelException notFound(SnapshotId snapshot) {
        return new CarrelException(
                ErrorCode.SNAPSHOT_NOT_FOUND, "there is no snapshot " + snapshot);
    }

    Set<SnapshotId> ids() {
        try (Stream<Path> children = Files.list(directory)) {
            return children.map(path -> path.getFileName().toString())
                    .filter(name -> Ids.isId("snp", name))
                    .map(SnapshotId::new)
                    .collect(Collectors.toUnmodifiableSet());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void removeTree(Path root) throws IOException {
        if (Files.notExists(root)) {
            return;
        }
        try (Stream<Path> all = Files.walk(root)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }

    private static long copy(Path from, Path to) {
        long size = 0;
        try (Stream<Path> all = Files.walk(from)) {
            List<Path> paths = all.toList();
            for (Path path : paths) {
                Files.copy(
                        path,
                        to.resolve(from.relativize(path).toString()),
                        StandardCopyOption.COPY_ATTRIBUTES,
                        LinkOption.NOFOLLOW_LINKS);
                size += Files.isRegularFile(path) ? Files.size(path) : 0;
            }
            return size;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
