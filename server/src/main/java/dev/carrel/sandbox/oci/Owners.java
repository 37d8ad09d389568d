package dev.carrel.sandbox.oci;

import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import java.io.IOException;
import java.nio.file.Path;

/// Gives folders of the host to the root of sandboxes.
final class Owners {
    private Owners() {}

    /// The folder must lie where only the host's root can write.
    static void give(Path folder, int mode) throws IOException {
        int flags = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_NOFOLLOW;
        try (Fd fd = Linux.open(folder.toString(), flags, 0)) {
            Linux.chmod(fd, mode);
            Linux.chown(fd, IdMap.BASE, IdMap.BASE);
        }
    }
}
