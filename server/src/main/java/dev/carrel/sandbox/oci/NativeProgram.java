package dev.carrel.sandbox.oci;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;

/// The programs of ours that are not Java, out of the jar.
enum NativeProgram {
    /// Becomes pid 1. Sandboxes may execute it and not read it, which also keeps them from looking
    /// into its process.
    INIT("carrel-init", "--x--x--x"),
    /// Starts containers.
    LAUNCH("carrel-launch", "--x------");

    private final String file;
    private final String permissions;

    NativeProgram(String file, String permissions) {
        this.file = file;
        this.permissions = permissions;
    }

    /// Where it is in `folder`, put there now if it is not.
    Path in(Path folder) throws IOException {
        Path target = folder.resolve(file);
        if (!Files.exists(target)) {
            Path half = Files.createTempFile(folder, file, "");
            Files.write(half, fromJar());
            Files.setPosixFilePermissions(half, PosixFilePermissions.fromString(permissions));
            Files.move(half, target, StandardCopyOption.ATOMIC_MOVE);
        }
        return target;
    }

    private byte[] fromJar() throws IOException {
        try (InputStream stream = NativeProgram.class.getResourceAsStream("/native/" + file)) {
            if (stream == null) {
                throw new IOException("native/" + file + " is not in the jar");
            }
            return stream.readAllBytes();
        }
    }
}
