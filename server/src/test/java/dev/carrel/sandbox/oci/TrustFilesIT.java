package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrustFilesIT {
    private static final String PEM = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n";

    @TempDir Path outside;
    private Path root;
    private Path bundle;

    @BeforeEach
    void makeRoot() throws IOException {
        root = outside.resolve("root");
        bundle = root.resolve("etc/ssl/certs/ca-certificates.crt");
        Files.createDirectories(bundle.getParent());
    }

    @Test
    void certificateIsAddedOnce() throws IOException {
        Files.writeString(bundle, "others\n");

        TrustFiles.write(root, PEM);
        TrustFiles.write(root, PEM);

        assertThat(bundle).hasContent("others\n" + PEM);
        assertThat(root.resolve("etc/carrel-egress-ca.pem")).hasContent(PEM);
        assertThat((int) Files.getAttribute(bundle, "unix:uid")).isEqualTo(IdMap.BASE);
    }

    @Test
    void linksLeadNowhere() throws IOException {
        Path target = Files.writeString(outside.resolve("host-file"), "untouched");
        Files.createSymbolicLink(bundle, target);
        Files.createLink(root.resolve("etc/carrel-egress-ca.pem"), target);

        TrustFiles.write(root, PEM);

        assertThat(target).hasContent("untouched");
    }

    @Test
    void directoryInTheWayIsLeftAlone() throws IOException {
        Files.createDirectories(bundle);

        TrustFiles.write(root, PEM);

        assertThat(bundle).isDirectory();
    }
}
