package dev.carrel.cli;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;

/// A `.carrel` folder on this machine.
record AgentsFolder(Path path) {
    static final String NAME = ".carrel";

    /// The `.carrel` folder of `project`, or of the nearest folder above it that has one.
    static AgentsFolder find(Path project) {
        for (Path at = project.toAbsolutePath().normalize(); at != null; at = at.getParent()) {
            if (Files.isRegularFile(at.resolve(NAME).resolve("agents.json"))) {
                return new AgentsFolder(at.resolve(NAME));
            }
        }
        throw new CarrelException(
                ErrorCode.NOT_FOUND,
                "no .carrel/agents.json in "
                        + project.toAbsolutePath().normalize()
                        + " or above it; make one with: carrel init");
    }

    /// The folder as a gzipped tar archive of its regular files, as deployments take it.
    byte[] pack() {
        var bytes = new ByteArrayOutputStream();
        try (var gzip = new GzipCompressorOutputStream(bytes);
                var tar = new TarArchiveOutputStream(gzip)) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            for (Path file : files()) {
                byte[] content = Files.readAllBytes(file);
                var entry = new TarArchiveEntry(path.relativize(file).toString());
                entry.setSize(content.length);
                tar.putArchiveEntry(entry);
                tar.write(content);
                tar.closeArchiveEntry();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /// Copies the regular files of one such folder into another.
    static void copy(Path from, Path to) throws IOException {
        for (Path file : new AgentsFolder(from).files()) {
            Path target = to.resolve(from.relativize(file).toString());
            Files.createDirectories(Objects.requireNonNull(target.getParent()));
            Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(path)) {
            return all.filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
                    .sorted()
                    .toList();
        }
    }
}
