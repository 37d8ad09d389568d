package dev.carrel.sandbox.oci;

import dev.carrel.process.Errno;
import dev.carrel.process.HostCommand;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Each disk is a btrfs subvolume with a quota, in a pool file or on the btrfs that the home is on.
final class BtrfsDisks implements DiskStore {
    /// What the host keeps for itself: a pool whose file cannot grow would fail all sandboxes.
    static final long RESERVE_BYTES = 1L << 30;

    private static final Logger LOG = LoggerFactory.getLogger(BtrfsDisks.class);

    private final Path folder;
    private final Optional<PoolFile> pool;

    private BtrfsDisks(Path folder, Optional<PoolFile> pool) {
        this.folder = folder;
        this.pool = pool;
    }

    /// Disks in a pool file, which is mounted if it is not.
    static BtrfsDisks inPool(PoolFile pool) throws IOException {
        pool.mount();
        return open(pool.mountPoint(), Optional.of(pool));
    }

    /// Disks in a folder that is on btrfs.
    static BtrfsDisks inFolder(Path folder) throws IOException {
        Files.createDirectories(folder);
        return open(folder, Optional.empty());
    }

    private static BtrfsDisks open(Path folder, Optional<PoolFile> pool) throws IOException {
        String path = folder.toString();
        HostCommand.Result quota = HostCommand.of("btrfs", "quota", "enable", path).run();
        if (quota.exitCode() != 0) {
            // Older kernels call it an error when they are on already.
            HostCommand.of("btrfs", "qgroup", "show", path).run().orFail();
        }
        // Groups of disks that are gone slow every write down a little; nobody else removes them.
        HostCommand.of("btrfs", "qgroup", "clear-stale", path).run();
        return new BtrfsDisks(folder, pool);
    }

    @Override
    public boolean hasQuota() {
        return true;
    }

    @Override
    public void create(SandboxId id, int mib) throws IOException {
        if (pool.isPresent() && pool.get().hostBytesFree() < RESERVE_BYTES) {
            throw Failures.hostDiskFull();
        }
        try {
            Btrfs.createSubvolume(folder, id.value());
            Btrfs.limit(folder.resolve(id.value()), (long) mib << 20);
            DiskFolders.make(folder.resolve(id.value()));
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOSPC) {
                throw Failures.hostDiskFull();
            }
            throw e;
        }
    }

    @Override
    public Disk disk(SandboxId id) {
        return DiskFolders.disk(folder.resolve(id.value()));
    }

    @Override
    public void delete(SandboxId id) throws IOException {
        try {
            Btrfs.destroySubvolume(folder, id.value());
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
    }

    @Override
    public Set<SandboxId> ids() throws IOException {
        return DiskFolders.ids(folder);
    }

    @Override
    public void close() {}

    @Override
    public void remove() throws IOException {
        for (SandboxId id : ids()) {
            delete(id);
        }
        if (pool.isPresent()) {
            pool.get().remove();
        } else {
            Files.deleteIfExists(folder);
        }
        LOG.debug("removed the disks in {}", folder);
    }
}
