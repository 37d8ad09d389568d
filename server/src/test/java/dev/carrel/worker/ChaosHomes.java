package dev.carrel.worker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/// Folders for one run each, in memory where programs may be loaded from there: a run syncs a
/// hundred times, and nobody cuts the power. Any thread may use it.
final class ChaosHomes implements AutoCloseable {
    private static final Path MEMORY = Path.of("/dev/shm");

    private final Path root;
    private final AtomicInteger made = new AtomicInteger();

    ChaosHomes() throws IOException {
        this.root =
                mayRunPrograms(MEMORY)
                        ? Files.createTempDirectory(MEMORY, "carrel-chaos-")
                        : Files.createTempDirectory("carrel-chaos-");
    }

    private static boolean mayRunPrograms(Path folder) throws IOException {
        if (!Files.isWritable(folder)) {
            return false;
        }
        var executable = PosixFilePermissions.fromString("rwx------");
        Path probe =
                Files.createTempFile(
                        folder,
                        "carrel-probe-",
                        "",
                        PosixFilePermissions.asFileAttribute(executable));
        try {
            return Files.isExecutable(probe);
        } finally {
            Files.delete(probe);
        }
    }

    /// Not there yet.
    Path next() {
        return root.resolve("home-" + made.incrementAndGet());
    }

    void remove(Path home) {
        try (Stream<Path> all = Files.walk(home)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        remove(root);
    }
}
