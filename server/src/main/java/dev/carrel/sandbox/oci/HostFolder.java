package dev.carrel.sandbox.oci;

import dev.carrel.process.Mounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A folder of the host, mounted where gVisor may come to it.
record HostFolder(Path target) implements AutoCloseable {
    static final long WRITABLE = Mounts.MS_BIND | Mounts.MS_REMOUNT;
    static final long READ_ONLY = WRITABLE | Mounts.MS_RDONLY;

    static HostFolder of(Path source, Path target, long more) throws IOException {
        Files.createDirectory(target);
        boolean complete = false;
        try {
            Mounts.mount(source.toString(), target.toString(), "none", Mounts.MS_BIND, "");
            Mounts.mount("none", target.toString(), "none", more, "");
            complete = true;
            return new HostFolder(target);
        } finally {
            if (!complete) {
                Files.delete(target);
            }
        }
    }

    @Override
    public void close() throws IOException {
        Mounts.unmount(target.toString(), Mounts.MNT_DETACH);
        Files.delete(target);
    }
}
