package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetworkFilesIT {
    private static final String GATEWAY = "198.18.0.1";

    @TempDir Path outside;
    private Path root;
    private Path resolvers;

    @BeforeEach
    void makeRoot() throws IOException {
        root = outside.resolve("root");
        Files.createDirectories(root.resolve("etc"));
        resolvers = root.resolve("etc/resolv.conf");
    }

    @Test
    void nameServersAreRefreshedAndHostsAreTheSandboxesOwn() throws IOException {
        Files.writeString(resolvers, "nameserver 1.1.1.1 and a lot that was there before\n");
        Files.writeString(root.resolve("etc/hosts"), "10.1.1.1 mine\n");

        NetworkFiles.write(root, "sbx-1", GATEWAY);

        assertThat(resolvers).hasContent(NetworkFiles.resolvConf(GATEWAY));
        assertThat(root.resolve("etc/hosts")).hasContent("10.1.1.1 mine\n");
        assertThat(root.resolve("etc/hostname")).hasContent("sbx-1\n");
        assertThat((int) Files.getAttribute(resolvers, "unix:uid")).isEqualTo(IdMap.BASE);
    }

    @Test
    void linksLeadNowhere() throws IOException {
        Path target = Files.writeString(outside.resolve("host-file"), "untouched");
        Files.createSymbolicLink(resolvers, target);
        Files.createLink(root.resolve("etc/hosts"), target);

        NetworkFiles.write(root, "sbx-1", GATEWAY);

        assertThat(target).hasContent("untouched");
    }

    @Test
    void directoryInTheWayIsLeftAlone() throws IOException {
        Files.createDirectories(resolvers);

        NetworkFiles.write(root, "sbx-1", GATEWAY);

        assertThat(resolvers).isDirectory();
    }
}
