package dev.carrel.sandbox.oci;

import dev.carrel.process.Errno;
import dev.carrel.process.HostCommand;
import dev.carrel.process.LinuxException;
import dev.carrel.process.Mounts;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/// A btrfs in a sparse file, for homes on other file systems: it takes from the host what its disks
/// hold, and gives it back when they shrink. Its size is a bound, set when it is made (most of what
/// is free then) and raised, never lowered, when the configuration asks for more.
///
/// The mount is the host's and stays when the server ends while there are sandboxes, which need it.
/// The loop device goes by itself with the last user of the mount.
record PoolFile(Path file, Path mountPoint, OptionalLong mib) {
    private static final double DEFAULT_SHARE_OF_FREE = 0.8;
    private static final long MIB_MIN = 256;
    private static final Duration MAKE_TIMEOUT = Duration.ofMinutes(2);
    private static final String KEEP_FREED = "nodiscard";
    private static final String GIVE_BACK_FREED = "discard=async";

    static PoolFile in(Path home, OptionalLong mib) {
        return new PoolFile(home.resolve("pool.btrfs"), home.resolve("pool"), mib);
    }

    /// Makes the file if there is none and mounts it if it is not, whatever an earlier process or a
    /// reboot left.
    void mount() throws IOException {
        Files.createDirectories(mountPoint);
        if (!Files.exists(file)) {
            make();
        }
        Optional<MountTable.Entry> mounted = MountTable.read().at(mountPoint);
        if (mounted.isEmpty()) {
            // Finds the device again if one has the file already: two on one file destroy it.
            String device =
                    HostCommand.of("losetup", "--find", "--show", "--nooverlap", file.toString())
                            .run()
                            .orFail()
                            .out()
                            .strip();
            try {
                mount(device);
            } finally {
                // Not now, but with its last user.
                HostCommand.of("losetup", "--detach", device).run();
            }
        }
        grow();
    }

    long hostBytesFree() throws IOException {
        return Files.getFileStore(file).getUsableSpace();
    }

    /// Does nothing while somebody uses it: the next attempt may come.
    void unmount() throws IOException {
        if (MountTable.read().at(mountPoint).isEmpty()) {
            return;
        }
        try {
            Mounts.unmount(mountPoint.toString(), 0);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EBUSY) {
                throw e;
            }
        }
    }

    /// Unmounts and deletes it.
    void remove() throws IOException {
        if (MountTable.read().at(mountPoint).isPresent()) {
            try {
                Mounts.unmount(mountPoint.toString(), 0);
            } catch (LinuxException e) {
                if (e.errno() != Errno.EBUSY) {
                    throw e;
                }
                Mounts.unmount(mountPoint.toString(), Mounts.MNT_DETACH);
            }
        }
        Files.deleteIfExists(mountPoint);
        Files.deleteIfExists(file);
    }

    private void mount(String device) throws IOException {
        try {
            Mounts.mount(
                    device, mountPoint.toString(), "btrfs", Mounts.MS_NOATIME, GIVE_BACK_FREED);
        } catch (LinuxException e) {
            // Kernels before 6.2, and files whose file system cannot punch holes.
            Mounts.mount(device, mountPoint.toString(), "btrfs", Mounts.MS_NOATIME, KEEP_FREED);
        }
    }

    private void make() throws IOException {
        long bytes = mib.orElse(shareOfFree() >> 20) << 20;
        if (bytes < MIB_MIN << 20) {
            throw Failures.hostDiskFull();
        }
        Path half = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(half);
        try (var sparse = new RandomAccessFile(half.toFile(), "rw")) {
            sparse.setLength(bytes);
        }
        // Data and metadata once: the file's own disk knows about redundancy.
        HostCommand.of("mkfs.btrfs", "-q", "-d", "single", "-m", "single", half.toString())
                .withTimeout(MAKE_TIMEOUT)
                .run()
                .orFail();
        Files.move(half, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private long shareOfFree() throws IOException {
        Path home = file.toAbsolutePath().getParent();
        long free = Files.getFileStore(home == null ? file : home).getUsableSpace();
        return (long) (free * DEFAULT_SHARE_OF_FREE);
    }

    private void grow() throws IOException {
        if (mib.isEmpty() || mib.getAsLong() << 20 <= Files.size(file)) {
            return;
        }
        try (var sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(mib.getAsLong() << 20);
        }
        String device = MountTable.read().at(mountPoint).orElseThrow().source();
        HostCommand.of("losetup", "--set-capacity", device).run().orFail();
        HostCommand.of("btrfs", "filesystem", "resize", "max", mountPoint.toString())
                .run()
                .orFail();
    }
}
