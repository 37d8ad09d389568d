package dev.carrel.sandbox.oci;

import dev.carrel.process.HostCommand;
import dev.carrel.process.LinuxException;
import dev.carrel.process.SealedProgram;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// crun as it is executed: a sealed copy of what is installed, so that it need not make one at each
/// start. Where the host allows no such copies to be executed, what is installed.
final class CrunProgram implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CrunProgram.class);

    private record Copy(Path original, FileTime modified, @Nullable SealedProgram sealed) {}

    private @Nullable Copy copy;

    synchronized Path path() throws IOException {
        Path original =
                HostCommand.find("crun")
                        .orElseThrow(() -> new IOException("crun is not installed"));
        FileTime modified = Files.getLastModifiedTime(original);
        Copy known = copy;
        if (known == null || !isOf(known, original, modified)) {
            close();
            known = new Copy(original, modified, seal(original));
            copy = known;
        }
        SealedProgram sealed = known.sealed();
        return sealed == null ? original : sealed.path();
    }

    private static boolean isOf(Copy copy, Path original, FileTime modified) {
        return copy.original().equals(original) && copy.modified().equals(modified);
    }

    private static @Nullable SealedProgram seal(Path original) throws IOException {
        try {
            return SealedProgram.of(original);
        } catch (LinuxException e) {
            LOG.info("crun makes its own copies of itself: {}", e.getMessage());
            return null;
        }
    }

    @Override
    public synchronized void close() {
        Copy known = copy;
        copy = null;
        SealedProgram sealed = known == null ? null : known.sealed();
        if (sealed != null) {
            sealed.close();
        }
    }
}
