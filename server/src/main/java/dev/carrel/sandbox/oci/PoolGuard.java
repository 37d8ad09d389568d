package dev.carrel.sandbox.oci;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps all disks together from taking the last of the pool, and the pool from taking the last of
/// the host's disk: a file system whose file cannot grow stops with errors, for everybody. All
/// disks are members of one quota group, whose limit follows what is free. When it is reached,
/// sandboxes see a full disk, and everything that is outside of the group goes on: exit statuses,
/// deletions, the host.
final class PoolGuard implements AutoCloseable {
    /// What disks leave free of the pool, at least: exit statuses, and what btrfs itself needs.
    static final long POOL_RESERVE_BYTES = 512L << 20;

    static final int POOL_RESERVE_PART = 8;

    /// How far disks may fill the host before no new one is made; nothing is written beyond it.
    static final long HOST_RESERVE_BYTES = BtrfsDisks.RESERVE_BYTES / 2;

    private static final Logger LOG = LoggerFactory.getLogger(PoolGuard.class);
    private static final long GROUP = 1;
    private static final long LIMIT_BYTES_MIN = 1L << 20;
    private static final Duration EVERY = Duration.ofSeconds(1);

    private final PoolFile pool;
    private final CountDownLatch closed = new CountDownLatch(1);

    private PoolGuard(PoolFile pool) {
        this.pool = pool;
    }

    /// Guards the pool until it is closed.
    static PoolGuard start(PoolFile pool) throws IOException {
        Btrfs.createGroup(pool.mountPoint(), GROUP);
        var guard = new PoolGuard(pool);
        guard.check();
        Thread.ofVirtual().name("pool-guard").start(guard::watch);
        return guard;
    }

    /// To be called for each new disk, before anything is written to it.
    void add(Path disk) throws IOException {
        Btrfs.join(disk, GROUP);
    }

    private void watch() {
        try {
            while (!closed.await(EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
                try {
                    check();
                } catch (IOException | RuntimeException e) {
                    LOG.warn("the free space of the pool cannot be looked after", e);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does, but a shutdown
        }
    }

    private void check() throws IOException {
        FileStore store = Files.getFileStore(pool.mountPoint());
        long total = store.getTotalSpace();
        long used = total - store.getUnallocatedSpace();
        long reserve = Math.min(POOL_RESERVE_BYTES, total / POOL_RESERVE_PART);
        long byHost = used + pool.hostBytesFree() - HOST_RESERVE_BYTES;
        long limit = Math.min(total - reserve, byHost);
        Btrfs.limitGroup(pool.mountPoint(), GROUP, Math.max(limit, LIMIT_BYTES_MIN));
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
