package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// One home directory on this machine, and the names of all that belongs to it: they follow from
/// the home's path, so that another process finds the same and another home never does.
record Instance(Path home, String id) {
    static Instance of(Path home) throws IOException {
        Files.createDirectories(home);
        Path real = home.toRealPath();
        try {
            byte[] hash =
                    MessageDigest.getInstance("SHA-256")
                            .digest(real.toString().getBytes(StandardCharsets.UTF_8));
            return new Instance(real, HexFormat.of().formatHex(hash, 0, 3));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /// One folder per sandbox: the record that it exists.
    Path sandboxes() {
        return home.resolve("sandboxes");
    }

    SandboxFolder sandbox(SandboxId sandbox) {
        return new SandboxFolder(sandbox, sandboxes().resolve(sandbox.value()));
    }

    /// One empty file per snapshot: the record that its image is in use.
    Path snapshots() {
        return home.resolve("snapshots");
    }

    /// Gone after a reboot, as what it describes.
    Path runtime() {
        return Path.of("/run/carrel-" + id);
    }

    /// A folder for each sandbox, in which runsc keeps its own state.
    Path runscState() {
        return runtime().resolve("runsc");
    }

    /// The parent of all its control groups, as a path from each hierarchy's top.
    String controlGroup() {
        return "carrel-" + id;
    }

    String bridge() {
        return "crl" + id;
    }

    /// Its hardware address: a locally administered one.
    String bridgeAddress() {
        return "02:63:72:" + id.replaceAll("..(?!$)", "$0:");
    }

    /// At most 15 characters, as interface names must be.
    String hostLink(int addressIndex) {
        return "crl" + id + "." + addressIndex;
    }

    String firewallTable() {
        return "carrel_" + id;
    }
}
