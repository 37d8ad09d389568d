package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SnapshotId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/// Where the disks of sandboxes are: what each has changed against its image; and snapshots of
/// them, which never change. Calls for one sandbox never overlap.
interface DiskStore extends AutoCloseable {
    /// The two folders of a disk, as an overlay mount wants them, and what else belongs to its
    /// content, so that it is copied and replaced with it: a file with the image that it is based
    /// on, and one with the sandbox whose identity is on it (see [Identity]).
    record Disk(Path upper, Path work, Path image, Path identity) {}

    /// Whether a disk's limit is enforced. Where it is not, a sandbox can fill the host's disk.
    boolean hasQuota();

    /// Whether copies of a disk share what they have in common, and cost the same whatever it
    /// holds.
    boolean sharesFiles();

    /// Makes an empty disk that holds at most `mib`, for an image whose root is `image`. On failure
    /// [#delete] clears what is there.
    void create(SandboxId id, Path image, int mib) throws IOException;

    /// Makes a disk with what a snapshot holds. Fails with `SNAPSHOT_NOT_FOUND`; else as [#create].
    void createFrom(SandboxId id, SnapshotId snapshot, int mib) throws IOException;

    /// Changes the limit. One below what the disk holds keeps it from growing.
    void resize(SandboxId id, int mib) throws IOException;

    /// The disk of a sandbox that has one.
    Disk disk(SandboxId id);

    /// The folder for what pid 1 of a sandbox writes, made if there is none. It is beside the disk:
    /// no snapshot has it, and the two have limits of their own, so that a full disk never keeps
    /// the end of a command from being written down.
    Path run(SandboxId id) throws IOException;

    MemoryFolders memories();

    /// What counts against a disk's limit, up to some seconds ago: what its sandbox has written and
    /// is still held, by the disk or by snapshots of it.
    long bytesUsed(SandboxId id) throws IOException;

    /// Does nothing when there is none; finishes what an earlier call began. Its memory goes, too.
    void delete(SandboxId id) throws IOException;

    /// All sandboxes that have a disk, or half of one.
    Set<SandboxId> ids() throws IOException;

    /// Makes a copy of a disk that stays when the disk goes. Nobody may write to the disk
    /// meanwhile. It is there whole, and survives a loss of power, or is not there at all. Returns
    /// what counts against the disk's limit at that moment.
    long takeSnapshot(SandboxId id, SnapshotId snapshot) throws IOException;

    /// Puts the content of a snapshot in the place of a disk's, all at once: a crash leaves the one
    /// or the other. The sandbox must not be running. Fails as [#createFrom].
    void restore(SandboxId id, SnapshotId snapshot, int mib) throws IOException;

    /// Does nothing when there is none. Disks made from it stay whole.
    void deleteSnapshot(SnapshotId snapshot) throws IOException;

    Set<SnapshotId> snapshots() throws IOException;

    /// The files of a snapshot, to be read. Fails with `SNAPSHOT_NOT_FOUND`.
    Disk snapshot(SnapshotId snapshot);

    /// Lets go of the store; its disks stay, also for sandboxes that are running.
    @Override
    void close();

    /// After [#close], when no sandbox runs: ends a mount that was made for the store, and keeps
    /// what is in it. One that is still in use stays.
    void unmount() throws IOException;

    /// Takes the store off the host, with all disks. No sandbox may be running.
    void remove() throws IOException;
}
