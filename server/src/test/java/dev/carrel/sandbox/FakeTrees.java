package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.Fd;
import dev.carrel.process.FileInfo;
import dev.carrel.process.FileMetadata;
import dev.carrel.process.Linux;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// What [FakeFiles] does with whole trees, on paths of the host that are resolved already.
final class FakeTrees {
    private FakeTrees() {}

    static boolean isThere(Path path) {
        return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
    }

    static void delete(Path top) throws IOException {
        try (Stream<Path> all = Files.walk(top)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    static void change(Path top, FileAttributes attributes, boolean recursive) throws IOException {
        try (Stream<Path> all = Files.walk(top, recursive ? 1000 : 0)) {
            for (Path each : all.toList()) {
                apply(each, attributes);
            }
        }
    }

    static void apply(Path entry, FileAttributes attributes) throws IOException {
        try (Fd file = Linux.open(entry.toString(), Linux.O_PATH | Linux.O_NOFOLLOW, 0)) {
            FileInfo info = Linux.stat(file);
            FileMetadata.chown(
                    file,
                    attributes.owner().orElse(info.owner()),
                    attributes.group().orElse(info.group()));
            if (attributes.mode().isPresent() && !info.isSymlink()) {
                FileMetadata.chmod(file, attributes.mode().getAsInt());
            }
        }
    }

    static CopyResult copy(String path, Path from, Path to) throws IOException {
        if (to.startsWith(from)) {
            throw new CarrelException(
                    ErrorCode.CONFLICT, path + " cannot be copied or moved into itself");
        }
        List<String> skipped = new ArrayList<>();
        long entries = 0;
        try (Stream<Path> all = Files.walk(from)) {
            for (Path each : all.sorted().toList()) {
                Path target = to.resolve(from.relativize(each).toString());
                if (isOther(each)) {
                    skipped.add(String.valueOf(each.getFileName()));
                } else {
                    entries++;
                    Files.copy(
                            each,
                            target,
                            LinkOption.NOFOLLOW_LINKS,
                            StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
        }
        if (entries == 0) {
            throw new CarrelException(ErrorCode.CONFLICT, path + " is no file, link or directory");
        }
        return new CopyResult(entries, skipped);
    }

    private static boolean isOther(Path path) {
        return !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
                && !Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)
                && !Files.isSymbolicLink(path);
    }

    static void walk(Path inside, Path top, TreeEntry.Visitor visitor) throws IOException {
        try (Stream<Path> all = Files.walk(top)) {
            for (Path each : all.toList()) {
                String name = top.relativize(each).toString();
                FileStat stat = FakeFiles.stat(inside.resolve(name), each);
                byte[] content =
                        stat.type() == FileStat.Type.FILE ? Files.readAllBytes(each) : new byte[0];
                visitor.visit(
                        new TreeEntry(
                                name, stat, stat.linkTarget(), new ByteArrayInputStream(content)));
            }
        }
    }

    /// Writes below a folder of the host.
    record Writer(Path top) implements TreeWriter {
        private interface Making {
            void make(Path path) throws IOException;
        }

        @Override
        public void directory(String name, FileAttributes attributes) {
            make(
                    name,
                    path -> {
                        if (Files.isSymbolicLink(path)) {
                            throw new CarrelException(ErrorCode.CONFLICT, name + " is a link");
                        }
                        Files.createDirectories(path);
                        apply(path, attributes);
                    });
        }

        @Override
        public long file(
                String name, FileAttributes attributes, Instant modifiedAt, InputStream content) {
            var size = new long[1];
            make(
                    name,
                    path -> {
                        Path fresh = path.resolveSibling(TemporaryName.next());
                        try {
                            size[0] =
                                    Files.copy(content, fresh, StandardCopyOption.REPLACE_EXISTING);
                            apply(fresh, attributes);
                            Files.setLastModifiedTime(fresh, FileTime.from(modifiedAt));
                            Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
                        } finally {
                            Files.deleteIfExists(fresh);
                        }
                    });
            return size[0];
        }

        @Override
        public void symlink(String name, String target) {
            make(
                    name,
                    path -> {
                        Files.deleteIfExists(path);
                        Files.createSymbolicLink(path, Path.of(target));
                    });
        }

        @Override
        public void hardLink(String name, String existing) {
            make(
                    name,
                    path -> {
                        Files.deleteIfExists(path);
                        Files.createLink(path, place(existing));
                    });
        }

        private void make(String name, Making making) {
            try {
                Path path = place(name);
                Files.createDirectories(Optional.ofNullable(path.getParent()).orElse(top));
                making.make(path);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private Path place(String name) {
            Path path = top.resolve(name);
            for (Path up = path.getParent(); up != null && !up.equals(top); up = up.getParent()) {
                if (Files.isSymbolicLink(up)) {
                    throw new CarrelException(ErrorCode.CONFLICT, name + " leads through a link");
                }
            }
            return path;
        }
    }
}
