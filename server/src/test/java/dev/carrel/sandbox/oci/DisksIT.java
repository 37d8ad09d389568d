package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.process.HostCommand;
import dev.carrel.process.Mounts;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SnapshotId;
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
    private static final Path IMAGE = Path.of("/var/lib/images/some");

    @TempDir Path home;
    private DiskStore disks;
    private final SandboxId one = SandboxId.next();
    private final SandboxId two = SandboxId.next();
    private final SnapshotId snapshot = SnapshotId.next();

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
        disks.create(one, IMAGE, 16);
        disks.create(two, IMAGE, 16);

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
        disks.create(one, IMAGE, 16);
        assertThat(disks.ids()).containsExactly(one);

        disks.delete(one);
        disks.delete(one);

        assertThat(disks.ids()).isEmpty();
        assertThat(disks.disk(one).upper()).doesNotExist();
    }

    @Test
    void upperFolderBelongsToTheSandboxesRoot() throws IOException {
        disks.create(one, IMAGE, 16);

        assertThat((int) Files.getAttribute(disks.disk(one).upper(), "unix:uid"))
                .isEqualTo(IdMap.BASE);
        assertThat((int) Files.getAttribute(disks.disk(one).work(), "unix:uid")).isZero();
    }

    @Test
    void anotherProcessTakesTheMountedPoolOver() throws IOException {
        disks.create(one, IMAGE, 16);
        disks.close();

        disks = BtrfsDisks.inPool(pool(512));

        assertThat(disks.ids()).containsExactly(one);
        assertThat(loops().lines().filter(line -> line.contains(home.toString()))).hasSize(1);
    }

    @Test
    void poolIsMountedAgainAfterAReboot() throws IOException {
        disks.create(one, IMAGE, 16);
        Files.writeString(disks.disk(one).upper().resolve("file"), "kept");
        Mounts.unmount(home.resolve("pool").toString(), 0);

        disks.close();
        disks = BtrfsDisks.inPool(pool(512));

        assertThat(disks.disk(one).upper().resolve("file")).hasContent("kept");
        assertThatThrownBy(() -> fill(disks.disk(one), 40)).isInstanceOf(IOException.class);
    }

    @Test
    void deviceThatWasLeftWithoutAMountIsUsedAgain() throws IOException {
        disks.create(one, IMAGE, 16);
        Mounts.unmount(home.resolve("pool").toString(), 0);
        HostCommand.of("losetup", "--find", home.resolve("pool.btrfs").toString()).run().orFail();

        disks.close();
        disks = BtrfsDisks.inPool(pool(512));

        assertThat(disks.ids()).containsExactly(one);
        assertThat(loops().lines().filter(line -> line.contains(home.toString()))).hasSize(1);
    }

    @Test
    void poolGrowsWhenTheConfigurationSaysSo() throws IOException {
        long before = Files.getFileStore(home.resolve("pool")).getTotalSpace();

        disks.close();
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

        disks.create(one, IMAGE, 16);
        assertThat(disks.ids()).containsExactly(one);
    }

    @Test
    void snapshotKeepsWhatTheDiskWas() throws IOException {
        disks.create(one, IMAGE, 64);
        Files.writeString(file(one), "then");

        long size = disks.takeSnapshot(one, snapshot);
        Files.writeString(file(one), "now");
        disks.createFrom(two, snapshot, 64);
        disks.delete(one);

        assertThat(size).isBetween(1L, (long) MIB);
        assertThat(disks.snapshots()).containsExactly(snapshot);
        assertThat(file(two)).hasContent("then");
        assertThat(disks.disk(two).image()).hasContent(IMAGE.toString());
        assertThat(Identity.of(disks.disk(two))).isEqualTo(one);
        Path saved = home.resolve("pool").resolve(snapshot.value()).resolve("upper/file");
        assertThatThrownBy(() -> Files.writeString(saved, "changed"))
                .isInstanceOf(IOException.class);
        disks.deleteSnapshot(snapshot);
        disks.deleteSnapshot(snapshot);
        assertThat(disks.snapshots()).isEmpty();
        assertThat(file(two)).hasContent("then");
        assertThatThrownBy(() -> disks.createFrom(one, snapshot, 64))
                .isInstanceOf(CarrelException.class);
    }

    @Test
    void copiesHaveLimitsOfTheirOwnForWhatTheyWrite() throws IOException {
        disks.create(one, IMAGE, 32);
        fill(disks.disk(one), 24);
        long size = disks.takeSnapshot(one, snapshot);
        disks.createFrom(two, snapshot, 32);

        assertThat(size).isBetween(24L * MIB, 25L * MIB);
        fill(disks.disk(two), "more", 24);
        assertThatThrownBy(() -> fill(disks.disk(two), "most", 16)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> fill(disks.disk(one), "more", 16)).isInstanceOf(IOException.class);
        disks.delete(one);
        assertThatThrownBy(() -> fill(disks.disk(two), "most", 16)).isInstanceOf(IOException.class);
        Files.delete(disks.disk(two).upper().resolve("more"));
        Files.delete(disks.disk(two).upper().resolve("most"));
        HostCommand.of("sync", "-f", home.resolve("pool").toString()).run().orFail();
        fill(disks.disk(two), "most", 16);
    }

    @Test
    void whatOnlyASnapshotStillHoldsCountsForItsWriter() throws IOException {
        disks.create(one, IMAGE, 32);
        fill(disks.disk(one), 24);
        disks.takeSnapshot(one, snapshot);
        Files.delete(disks.disk(one).upper().resolve("data"));

        assertThatThrownBy(() -> fill(disks.disk(one), 16)).isInstanceOf(IOException.class);
    }

    @Test
    void restoreBringsBackWhatWas() throws IOException {
        disks.create(one, IMAGE, 64);
        Files.writeString(file(one), "then");
        disks.takeSnapshot(one, snapshot);
        Files.writeString(file(one), "now");

        disks.restore(one, snapshot, 16);

        assertThat(file(one)).hasContent("then");
        assertThatThrownBy(() -> fill(disks.disk(one), 40)).isInstanceOf(IOException.class);
        assertThat(disks.ids()).containsExactly(one);
    }

    @Test
    void whatACrashLeftHalfDoneIsRemovedAtTheNextStart() throws IOException {
        disks.create(one, IMAGE, 64);
        Files.writeString(file(one), "kept");
        disks.takeSnapshot(one, snapshot);
        Path pool = home.resolve("pool");
        Path half = Path.of(one.value() + DiskFolders.HALF);
        Btrfs.snapshot(pool.resolve(snapshot.value()), pool, half.toString(), false);

        disks.close();
        disks = BtrfsDisks.inPool(pool(512));

        assertThat(pool.resolve(half)).doesNotExist();
        assertThat(disks.ids()).containsExactly(one);
        assertThat(file(one)).hasContent("kept");
    }

    @Test
    void manySmallFilesAreBoundedToo() throws IOException {
        disks.create(one, IMAGE, 16);
        disks.create(two, IMAGE, 16);

        assertThatThrownBy(
                        () -> {
                            for (int i = 0; i < 200_000; i++) {
                                Files.createFile(disks.disk(one).upper().resolve("f" + i));
                            }
                        })
                .isInstanceOf(IOException.class)
                .hasMessageMatching("(?s).*([Qq]uota|[Nn]o space).*");

        Files.writeString(file(two), "works");
        disks.delete(one);
    }

    @Test
    void fullDiskLeavesRoomForWhatPidOneWritesAndNoSnapshotHasThat() throws IOException {
        disks.create(one, IMAGE, 16);
        Path run = disks.run(one);
        assertThat(disks.run(one)).isEqualTo(run);
        assertThatThrownBy(() -> fill(disks.disk(one), 24)).isInstanceOf(IOException.class);

        Files.writeString(run.resolve("exe_1.exit"), "0");

        disks.takeSnapshot(one, snapshot);
        Path saved = home.resolve("pool").resolve(snapshot.value());
        assertThat(saved).isDirectoryNotContaining("glob:**run*");
        disks.delete(one);
        assertThat(run).doesNotExist();
    }

    @Test
    void disksLeaveTheHostAndThePoolSomeRoom() throws IOException {
        Path small = Files.createDirectory(home.resolve("small"));
        Mounts.mount("carrel", small.toString(), "tmpfs", Mounts.MS_NODEV, "size=1200m");
        try {
            DiskStore crowded = BtrfsDisks.inPool(PoolFile.in(small, OptionalLong.of(4096)));
            crowded.create(one, IMAGE, 4096);
            Path run = crowded.run(one);

            assertThatThrownBy(() -> fill(crowded.disk(one), 1200))
                    .isInstanceOf(IOException.class)
                    .hasMessageMatching("(?s).*([Qq]uota|[Nn]o space).*");

            assertThat(Files.getFileStore(small).getUsableSpace())
                    .isGreaterThan(PoolGuard.HOST_RESERVE_BYTES / 2);
            Files.writeString(run.resolve("exe_1.exit"), "0");
            assertThatThrownBy(() -> crowded.create(two, IMAGE, 16))
                    .isInstanceOf(CarrelException.class)
                    .hasMessageContaining("free");
            Files.delete(crowded.disk(one).upper().resolve("data"));
            crowded.remove();
        } finally {
            Mounts.unmount(small.toString(), Mounts.MNT_DETACH);
            Files.delete(small);
        }
    }

    @Test
    void limitsCanBeChanged() throws IOException {
        disks.create(one, IMAGE, 16);
        assertThatThrownBy(() -> fill(disks.disk(one), 24)).isInstanceOf(IOException.class);

        disks.resize(one, 64);

        fill(disks.disk(one), 24);
    }

    @Test
    void foldersCopyWhatTheyCannotShare() throws IOException {
        DiskStore plain = DirectoryDisks.open(home.resolve("disks"));
        plain.create(one, IMAGE, 16);
        Path file = plain.disk(one).upper().resolve("file");
        Files.writeString(file, "then");
        Files.createSymbolicLink(file.resolveSibling("link"), Path.of("/etc/shadow"));

        assertThat(plain.takeSnapshot(one, snapshot)).isPositive();
        Files.writeString(file, "now");
        plain.createFrom(two, snapshot, 16);
        plain.restore(one, snapshot, 16);

        assertThat(file).hasContent("then");
        assertThat(plain.disk(two).upper().resolve("file")).hasContent("then");
        assertThat(plain.disk(two).upper().resolve("link")).isSymbolicLink();
        assertThat((int) Files.getAttribute(plain.disk(two).upper(), "unix:uid"))
                .isEqualTo(IdMap.BASE);
        assertThat(plain.ids()).containsExactlyInAnyOrder(one, two);
        assertThat(plain.snapshots()).containsExactly(snapshot);
        plain.remove();
        assertThat(home.resolve("disks")).doesNotExist();
    }

    private Path file(SandboxId id) {
        return disks.disk(id).upper().resolve("file");
    }

    @Test
    void foldersAreTheFallbackAndSaySo() throws IOException {
        Path folder = home.resolve("disks");
        DiskStore plain = DirectoryDisks.open(folder);
        plain.create(one, IMAGE, 16);
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
        fill(disk, "data", mib);
    }

    private static void fill(Disk disk, String name, int mib) throws IOException {
        try (var out = Files.newOutputStream(disk.upper().resolve(name))) {
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
