package dev.carrel.sandbox.oci;

import dev.carrel.process.HostCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/// containerd's shim for ordinary containers, with crun for runc.
record RuncShim(Path folder) implements AutoCloseable {
    private static final String PROGRAM = "containerd-shim-runc-v2";

    /// Loud, because what is skipped is not known to work.
    static RuncShim require() throws IOException {
        Optional<Path> program = HostCommand.find(PROGRAM);
        if (program.isEmpty()) {
            System.err.println("NOT TESTED: the driver of microvm: there is no " + PROGRAM);
            Assumptions.abort("no " + PROGRAM);
        }
        var shim = new RuncShim(Files.createTempDirectory("carrel-test-shim-"));
        Path crun = HostCommand.find("crun").orElseThrow();
        Files.createSymbolicLink(shim.folder.resolve("runc"), crun);
        String script =
                "#!/bin/sh\nPATH=%s:$PATH exec %s \"$@\"\n"
                        .formatted(shim.folder, program.orElseThrow());
        Files.writeString(shim.program(), script);
        Files.setPosixFilePermissions(shim.program(), PosixFilePermissions.fromString("rwxr-xr-x"));
        return shim;
    }

    Path program() {
        return folder.resolve("shim");
    }

    @Override
    public void close() throws IOException {
        Trees.delete(folder);
    }
}
