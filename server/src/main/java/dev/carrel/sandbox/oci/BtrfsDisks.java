package dev.carrel.sandbox.oci;

import dev.carrel.process.Errno;
import dev.carrel.process.HostCommand;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SnapshotId;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Each disk is a btrfs subvolume with a quota, in a pool file or on the btrfs that the home is on;
/// each snapshot is a read-only one. Copies share what they have in common, and cost the same
/// however much that is.
final class BtrfsDisks implements DiskStore {
    /// What the host keeps for itself: a pool whose file cannot grow would fail all sandboxes.
    static final long RESERVE_BYTES = 1L << 30;

    /// Output of the commands of one sandbox: more than pid 1 ever writes, so that it is never kept
    /// from writing an exit status; a bound for whoever has taken pid 1 over.
    private static final long RUN_BYTES_MAX = 10L << 30;

    private static final Logger LOG = LoggerFactory.getLogger(BtrfsDisks.class);

    private final Path folder;
    private final Optional<PoolFile> pool;

    /// Where the pool is a file, and the kernel has the kind of quota that groups work with.
    private final Optional<PoolGuard> guard;

    private final MemoryFolders memories;

    private BtrfsDisks(Path folder, Optional<PoolFile> pool, Optional<PoolGuard> guard) {
        this.folder = folder;
        this.pool = pool;
        this.guard = guard;
        this.memories = new MemoryFolders(folder, this::makeMemory, this::destroy);
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
        // Users of the host have no business in here; sandboxes' root must not pass upwards.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        Optional<PoolGuard> guard =
                enableQuota(folder, pool) == Btrfs.Quota.BY_WRITER
                        ? Optional.of(PoolGuard.start(pool.orElseThrow()))
                        : Optional.empty();
        var disks = new BtrfsDisks(folder, pool, guard);
        for (String half : DiskFolders.halves(folder)) {
            disks.destroy(half);
        }
        return disks;
    }

    // A file system that is not ours alone stays one that every kernel can mount.
    private static Btrfs.Quota enableQuota(Path folder, Optional<PoolFile> pool)
            throws IOException {
        if (pool.isPresent()) {
            try {
                Btrfs.enable(folder, Btrfs.Quota.BY_WRITER);
                return Btrfs.Quota.BY_WRITER;
            } catch (LinuxException e) {
                LOG.info("this kernel counts shared files for each copy of a disk: {}", e.errno());
            }
        }
        Btrfs.enable(folder, Btrfs.Quota.BY_REFERENCE);
        // Groups of disks that are gone slow every write down a little; nobody else removes them.
        HostCommand.of("btrfs", "qgroup", "clear-stale", folder.toString()).run();
        return Btrfs.Quota.BY_REFERENCE;
    }

    // Before anything is written to it.
    private void join(String name) throws IOException {
        if (guard.isPresent()) {
            guard.get().add(folder.resolve(name));
        }
    }

    @Override
    public boolean hasQuota() {
        return true;
    }

    @Override
    public boolean sharesFiles() {
        return true;
    }

    @Override
    public void create(SandboxId id, Path image, int mib) throws IOException {
        requireRoom();
        make(() -> {
            Btrfs.createSubvolume(folder, id.value());
            join(id.value());
            resize(id, mib);
            DiskFolders.make(folder.resolve(id.value()), id, image);
        });
    }

    @Override
    public void createFrom(SandboxId id, SnapshotId snapshot, int mib) throws IOException {
        requireRoom();
        make(() -> {
            copy(snapshot, id.value());
            resize(id, mib);
        });
    }

    @Override
    public void resize(SandboxId id, int mib) throws IOException {
        Btrfs.limit(folder.resolve(id.value()), (long) mib << 20);
    }

    @Override
    public Path run(SandboxId id) throws IOException {
        String name = id.value() + DiskFolders.RUN;
        Path run = folder.resolve(name);
        if (!Files.exists(run)) {
            make(() -> Btrfs.createSubvolume(folder, name));
        }
        Btrfs.limit(run, RUN_BYTES_MAX);
        Owners.give(run, 0700);
        return run;
    }

    @Override
    public MemoryFolders memories() {
        return memories;
    }

    private void makeMemory(String name, int mib) throws IOException {
        requireRoom();
        make(() -> {
            Btrfs.createSubvolume(folder, name);
            join(name);
            Btrfs.limit(folder.resolve(name), (long) mib << 20);
        });
    }

    @Override
    public long bytesUsed(SandboxId id) throws IOException {
        return Btrfs.bytesCounted(folder.resolve(id.value()));
    }

    @Override
    public Disk disk(SandboxId id) {
        return DiskFolders.disk(folder.resolve(id.value()));
    }

    @Override
    public void delete(SandboxId id) throws IOException {
        destroy(id.value());
        destroy(id.value() + DiskFolders.HALF);
        destroy(id.value() + DiskFolders.RUN);
        memories.delete(id);
    }

    @Override
    public long takeSnapshot(SandboxId id, SnapshotId snapshot) throws IOException {
        requireRoom();
        make(() -> Btrfs.snapshot(folder.resolve(id.value()), folder, snapshot.value(), true));
        return bytesUsed(id);
    }

    @Override
    public void restore(SandboxId id, SnapshotId snapshot, int mib) throws IOException {
        String half = id.value() + DiskFolders.HALF;
        destroy(half);
        make(() -> {
            copy(snapshot, half);
            Btrfs.limit(folder.resolve(half), (long) mib << 20);
        });
        DiskFolders.exchange(folder, id.value());
        destroy(half);
    }

    @Override
    public void deleteSnapshot(SnapshotId snapshot) throws IOException {
        destroy(snapshot.value());
    }

    @Override
    public Set<SnapshotId> snapshots() throws IOException {
        return DiskFolders.snapshots(folder);
    }

    @Override
    public Disk snapshot(SnapshotId snapshot) {
        return DiskFolders.disk(DiskFolders.requireSnapshot(folder, snapshot));
    }

    private void copy(SnapshotId snapshot, String name) throws IOException {
        Path source = DiskFolders.requireSnapshot(folder, snapshot);
        Btrfs.snapshot(source, folder, name, false);
        join(name);
    }

    private void destroy(String name) throws LinuxException {
        try {
            Btrfs.destroySubvolume(folder, name);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
    }

    private void requireRoom() throws IOException {
        if (pool.isPresent() && pool.get().hostBytesFree() < RESERVE_BYTES) {
            throw Failures.hostDiskFull();
        }
        FileStore store = Files.getFileStore(folder);
        if (store.getUsableSpace() < store.getTotalSpace() / PoolGuard.POOL_RESERVE_PART
                && store.getUsableSpace() < PoolGuard.POOL_RESERVE_BYTES) {
            throw Failures.poolFull();
        }
    }

    private interface Making {
        void run() throws IOException;
    }

    private static void make(Making making) throws IOException {
        try {
            making.run();
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOSPC) {
                throw Failures.hostDiskFull();
            }
            throw e;
        }
    }

    @Override
    public Set<SandboxId> ids() throws IOException {
        return DiskFolders.ids(folder);
    }

    @Override
    public void close() {
        guard.ifPresent(PoolGuard::close);
    }

    @Override
    public void unmount() throws IOException {
        if (pool.isPresent()) {
            pool.get().unmount();
        }
    }

    @Override
    public void remove() throws IOException {
        close();
        for (SandboxId id : ids()) {
            delete(id);
        }
        for (SnapshotId snapshot : snapshots()) {
            deleteSnapshot(snapshot);
        }
        if (pool.isPresent()) {
            pool.get().remove();
        } else {
            Files.deleteIfExists(folder);
        }
        LOG.debug("removed the disks in {}", folder);
    }
}
