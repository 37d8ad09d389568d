package dev.carrel.sandbox.oci;

import dev.carrel.process.Directories;
import dev.carrel.process.Fd;
import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SnapshotId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Set;

/// Disks as plain folders, for hosts without btrfs: no limit of their own, and a snapshot is a copy
/// that takes as long as its files are many and big (less where the file system can share content).
final class DirectoryDisks implements DiskStore {
    private static final Duration COPY_TIMEOUT = Duration.ofMinutes(4);
    private static final Duration DELETE_TIMEOUT = Duration.ofMinutes(4);

    private final Path folder;
    private final MemoryFolders memories;

    private DirectoryDisks(Path folder) {
        this.folder = folder;
        this.memories = new MemoryFolders(folder, this::makeMemory, this::removeTree);
    }

    static DirectoryDisks open(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        var disks = new DirectoryDisks(folder);
        for (String half : DiskFolders.halves(folder)) {
            disks.removeTree(half);
        }
        return disks;
    }

    @Override
    public boolean hasQuota() {
        return false;
    }

    @Override
    public boolean sharesFiles() {
        return false;
    }

    @Override
    public void create(SandboxId id, Path image, int mib) throws IOException {
        requireRoom();
        DiskFolders.make(folder.resolve(id.value()), id, image);
    }

    @Override
    public void createFrom(SandboxId id, SnapshotId snapshot, int mib) throws IOException {
        requireRoom();
        copy(DiskFolders.requireSnapshot(folder, snapshot), id.value());
    }

    /// There is no limit to change.
    @Override
    public void resize(SandboxId id, int mib) {}

    @Override
    public Path run(SandboxId id) throws IOException {
        Path run = folder.resolve(id.value() + DiskFolders.RUN);
        Files.createDirectories(run);
        Owners.give(run, 0700);
        return run;
    }

    @Override
    public MemoryFolders memories() {
        return memories;
    }

    private void makeMemory(String name, int mib) throws IOException {
        requireRoom();
        Files.createDirectory(folder.resolve(name));
    }

    @Override
    public long bytesUsed(SandboxId id) throws IOException {
        return bytes(folder.resolve(id.value()));
    }

    @Override
    public long takeSnapshot(SandboxId id, SnapshotId snapshot) throws IOException {
        requireRoom();
        copy(folder.resolve(id.value()), snapshot.value());
        HostCommand.of("sync", "-f", folder.toString()).withTimeout(COPY_TIMEOUT).run().orFail();
        return bytes(folder.resolve(snapshot.value()));
    }

    @Override
    public void restore(SandboxId id, SnapshotId snapshot, int mib) throws IOException {
        copyHalf(DiskFolders.requireSnapshot(folder, snapshot), id.value());
        DiskFolders.exchange(folder, id.value());
        removeTree(id.value() + DiskFolders.HALF);
    }

    @Override
    public void deleteSnapshot(SnapshotId snapshot) throws IOException {
        removeTree(snapshot.value());
        removeTree(snapshot.value() + DiskFolders.HALF);
    }

    @Override
    public Set<SnapshotId> snapshots() throws IOException {
        return DiskFolders.snapshots(folder);
    }

    @Override
    public Disk snapshot(SnapshotId snapshot) {
        return DiskFolders.disk(DiskFolders.requireSnapshot(folder, snapshot));
    }

    @Override
    public Disk disk(SandboxId id) {
        return DiskFolders.disk(folder.resolve(id.value()));
    }

    @Override
    public void delete(SandboxId id) throws IOException {
        removeTree(id.value());
        removeTree(id.value() + DiskFolders.HALF);
        removeTree(id.value() + DiskFolders.RUN);
        memories.delete(id);
    }

    @Override
    public Set<SandboxId> ids() throws IOException {
        return DiskFolders.ids(folder);
    }

    @Override
    public void close() {}

    @Override
    public void unmount() {}

    @Override
    public void remove() throws IOException {
        for (SandboxId id : ids()) {
            delete(id);
        }
        for (SnapshotId snapshot : snapshots()) {
            deleteSnapshot(snapshot);
        }
        Files.deleteIfExists(folder);
    }

    private void copy(Path source, String name) throws IOException {
        copyHalf(source, name);
        String half = folder.resolve(name + DiskFolders.HALF).toString();
        String whole = folder.resolve(name).toString();
        Directories.rename(Fd.CWD, half, Fd.CWD, whole, Directories.RENAME_NOREPLACE);
    }

    // Not by Java: owners, links, holes and what overlays write beside the files all matter.
    private void copyHalf(Path source, String name) throws IOException {
        String half = name + DiskFolders.HALF;
        removeTree(half);
        String target = folder.resolve(half).toString();
        boolean done = false;
        try {
            HostCommand.of("cp", "-a", "--reflink=auto", "--", source.toString(), target)
                    .withTimeout(COPY_TIMEOUT)
                    .run()
                    .orFail();
            done = true;
        } finally {
            if (!done) {
                removeTree(half);
            }
        }
    }

    // Not by Java: the tree is the sandbox's, and rm is written for hostile ones.
    private void removeTree(String name) throws IOException {
        Path tree = folder.resolve(name);
        HostCommand.of("rm", "-rf", "--one-file-system", "--", tree.toString())
                .withTimeout(DELETE_TIMEOUT)
                .run()
                .orFail();
    }

    private static long bytes(Path tree) throws IOException {
        String line =
                HostCommand.of("du", "-sB1", "--", tree.toString())
                        .withTimeout(COPY_TIMEOUT)
                        .run()
                        .orFail()
                        .out();
        return Long.parseLong(line.split("\\s", 2)[0]);
    }

    private void requireRoom() throws IOException {
        if (Files.getFileStore(folder).getUsableSpace() < BtrfsDisks.RESERVE_BYTES) {
            throw Failures.hostDiskFull();
        }
    }
}
