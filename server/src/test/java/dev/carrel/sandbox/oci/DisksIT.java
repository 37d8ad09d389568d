package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.process.HostCommand;
import dev.carrel.process.Mounts;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.oci.DiskStore.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DisksIT {
    private static final int MIB = 1 << 20;

    @TempDir Path home;
    private DiskStore disks;
    private final SandboxId one = SandboxId.next();
    private final SandboxId two = SandboxId.next();

    @BeforeEach
    void open() throws IOException {
        disks = BtrfsDisks.inPool(pool(512));
    }

    @AfterEach
    void remove() throws Exception {
        disks.remove();
        assertThat(home).isEmptyDirectory();
        Eventually.holds(() -> !loops().contains(home.toString()));
    }

    @Test
    void fullDiskIsFullForItsSandboxOnly() throws IOException {
        disks.create(one, 16);
        disks.create(two, 16);

        assertThatThrownBy(() -> fill(disks.disk(one), 40))
                .isInstanceOf(IOException.class)
                .hasMessageMatching("(?s).*([Qq]uota|[Nn]o space).*");
        fill(disks.disk(two), 8);

        assertThat(Files.size(disks.disk(one).upper().resolve("data"))).isLessThan(17 * MIB);
        Files.delete(disks.disk(one).upper().resolve("data"));
        assertThat(disks.hasQuota()).isTrue();
    }

    @Test
    void deletedDiskIsGoneAndGoneAgain() throws IOException {
        disks.create(one, 16);
        assertThat(disks.ids()).containsExactly(one);

        disks.delete(one);
        disks.delete(one);

        assertThat(disks.ids()).isEmpty();
        assertThat(disks.disk(one).upper()).doesNotExist();
    }

    @Test
    void upperFolderBelongsToTheSandboxesRoot() throws IOException {
        disks.create(one, 16);

        assertThat((int) Files.getAttribute(disks.disk(one).upper(), "unix:uid"))
                .isEqualTo(IdMap.BASE);
        assertThat((int) Files.getAttribute(disks.disk(one).work(), "unix:uid")).isZero();
    }

    @Test
    void anotherProcessTakesTheMountedPoolOver() throws IOException {
        disks.create(one, 16);
        disks.close();

        disks = BtrfsDisks.inPool(pool(512));

        assertThat(disks.ids()).containsExactly(one);
        assertThat(loops().lines().filter(line -> line.contains(home.toString()))).hasSize(1);
    }

    @Test
    void poolIsMountedAgainAfterAReboot() throws IOException {
        disks.create(one, 16);
        Files.writeString(disks.disk(one).upper().resolve("file"), "kept");
        Mounts.unmount(home.resolve("pool").toString(), 0);

        disks = BtrfsDisks.inPool(pool(512));

        assertThat(disks.disk(one).upper().resolve("file")).hasContent("kept");
        assertThatThrownBy(() -> fill(disks.disk(one), 40)).isInstanceOf(IOException.class);
    }

    @Test
    void deviceThatWasLeftWithoutAMountIsUsedAgain() throws IOException {
        disks.create(one, 16);
        Mounts.unmount(home.resolve("pool").toString(), 0);
        HostCommand.of("losetup", "--find", home.resolve("pool.btrfs").toString()).run().orFail();

        disks = BtrfsDisks.inPool(pool(512));

        assertThat(disks.ids()).containsExactly(one);
        assertThat(loops().lines().filter(line -> line.contains(home.toString()))).hasSize(1);
    }

    @Test
    void poolGrowsWhenTheConfigurationSaysSo() throws IOException {
        long before = Files.getFileStore(home.resolve("pool")).getTotalSpace();

        disks = BtrfsDisks.inPool(pool(1024));

        assertThat(before).isLessThan(600L * MIB);
        assertThat(Files.getFileStore(home.resolve("pool")).getTotalSpace())
                .isGreaterThan(1000L * MIB);
    }

    @Test
    void halfMadePoolIsNotTrusted() throws IOException {
        disks.remove();
        Files.writeString(home.resolve("pool.btrfs.new"), "half");

        disks = BtrfsDisks.inPool(pool(512));

        disks.create(one, 16);
        assertThat(disks.ids()).containsExactly(one);
    }

    @Test
    void foldersAreTheFallbackAndSaySo() throws IOException {
        Path folder = home.resolve("disks");
        DiskStore plain = DirectoryDisks.open(folder);
        plain.create(one, 16);
        Files.writeString(plain.disk(one).upper().resolve("file"), "x");

        assertThat(plain.hasQuota()).isFalse();
        assertThat(plain.ids()).containsExactly(one);
        plain.delete(one);
        plain.delete(one);
        plain.remove();
        assertThat(folder).doesNotExist();
    }

    private PoolFile pool(long mib) {
        return PoolFile.in(home, OptionalLong.of(mib));
    }

    private static String loops() throws IOException {
        return HostCommand.of("losetup", "--list", "--noheadings").run().orFail().out();
    }

    private static void fill(Disk disk, int mib) throws IOException {
        try (var out = Files.newOutputStream(disk.upper().resolve("data"))) {
            var block = new byte[MIB];
            for (int i = 0; i < mib; i++) {
                // What does not repeat, in case anything compresses.
                new java.util.Random(i).nextBytes(block);
                out.write(block);
            }
            HostCommand.of("sync", "-f", disk.upper().toString()).run().orFail();
        }
    }
}
