package dev.carrel.sandbox.oci;

import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;

/// Disks as plain folders, for hosts without btrfs: no limit of their own.
final class DirectoryDisks implements DiskStore {
    private static final Duration DELETE_TIMEOUT = Duration.ofMinutes(4);

    private final Path folder;

    private DirectoryDisks(Path folder) {
        this.folder = folder;
    }

    static DirectoryDisks open(Path folder) throws IOException {
        Files.createDirectories(folder);
        return new DirectoryDisks(folder);
    }

    @Override
    public boolean hasQuota() {
        return false;
    }

    @Override
    public void create(SandboxId id, int mib) throws IOException {
        FileStore store = Files.getFileStore(folder);
        if (store.getUsableSpace() < BtrfsDisks.RESERVE_BYTES) {
            throw Failures.hostDiskFull();
        }
        DiskFolders.make(folder.resolve(id.value()));
    }

    @Override
    public Disk disk(SandboxId id) {
        return DiskFolders.disk(folder.resolve(id.value()));
    }

    @Override
    public void delete(SandboxId id) throws IOException {
        // Not by Java: the tree is the sandbox's, and rm is written for hostile ones.
        Path disk = folder.resolve(id.value());
        HostCommand.of("rm", "-rf", "--one-file-system", "--", disk.toString())
                .withTimeout(DELETE_TIMEOUT)
                .run()
                .orFail();
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
        Files.deleteIfExists(folder);
    }
}
