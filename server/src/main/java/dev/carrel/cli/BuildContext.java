package dev.carrel.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;

/// The folder that an image is built of, as one archive: all but what its [IgnoreFile] leaves out.
/// The Dockerfile comes along in any case.
final class BuildContext {
    private static final int BUFFER_BYTES = 1 << 18;
    private static final int EXECUTABLE = 0755;
    private static final int PLAIN = 0644;

    private final Path folder;
    private final String dockerfile;
    private final IgnoreFile ignore;

    /// `dockerfile` is relative to the folder.
    BuildContext(Path folder, String dockerfile) throws IOException {
        this.folder = folder.toRealPath();
        this.dockerfile = dockerfile;
        this.ignore = IgnoreFile.of(this.folder);
    }

    /// A tar.gz, made as it is read; a failure breaks it off.
    InputStream open() throws IOException {
        var in = new PipedInputStream(BUFFER_BYTES);
        var out = new PipedOutputStream(in);
        Thread.ofVirtual()
                .name("context")
                .start(() -> {
                    try (out) {
                        write(out);
                    } catch (IOException | UncheckedIOException e) {
                        // Whoever reads finds an archive that is not whole, and so does the server.
                        System.err.println("carrel: the context cannot be read: " + e);
                    }
                });
        return in;
    }

    private void write(OutputStream out) throws IOException {
        var gzip = new GzipCompressorOutputStream(out);
        var tar = new TarArchiveOutputStream(gzip, "UTF-8");
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        Files.walkFileTree(folder, new Packing(tar));
        // Only a whole archive gets its end.
        tar.finish();
        gzip.finish();
    }

    /// Puts each entry into the archive as the walk comes by it.
    private final class Packing extends SimpleFileVisitor<Path> {
        private final TarArchiveOutputStream tar;

        Packing(TarArchiveOutputStream tar) {
            this.tar = tar;
        }

        private String name(Path path) {
            return folder.relativize(path).toString();
        }

        private boolean isOut(String name) {
            return ignore.leavesOut(name) && !name.equals(dockerfile);
        }

        @Override
        public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes)
                throws IOException {
            String name = name(path);
            if (name.isEmpty()) {
                return FileVisitResult.CONTINUE;
            }
            if (!isOut(name)) {
                var entry = new TarArchiveEntry(name + "/");
                entry.setMode(EXECUTABLE);
                tar.putArchiveEntry(entry);
                tar.closeArchiveEntry();
            } else if (!ignore.takesBack() && !dockerfile.startsWith(name + "/")) {
                return FileVisitResult.SKIP_SUBTREE;
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path path, BasicFileAttributes attributes)
                throws IOException {
            String name = name(path);
            if (isOut(name)) {
                return FileVisitResult.CONTINUE;
            }
            if (attributes.isSymbolicLink()) {
                var entry = new TarArchiveEntry(name, TarConstants.LF_SYMLINK);
                entry.setLinkName(Files.readSymbolicLink(path).toString());
                tar.putArchiveEntry(entry);
                tar.closeArchiveEntry();
            } else if (attributes.isRegularFile()) {
                var entry = new TarArchiveEntry(name);
                entry.setSize(attributes.size());
                entry.setMode(mode(path));
                entry.setModTime(attributes.lastModifiedTime());
                tar.putArchiveEntry(entry);
                Files.copy(path, tar);
                tar.closeArchiveEntry();
            }
            return FileVisitResult.CONTINUE;
        }
    }

    private static int mode(Path file) throws IOException {
        if (!file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            return PLAIN;
        }
        Set<PosixFilePermission> all = Files.getPosixFilePermissions(file);
        return all.contains(PosixFilePermission.OWNER_EXECUTE) ? EXECUTABLE : PLAIN;
    }
}
