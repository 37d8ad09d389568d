package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/// Where the disks of sandboxes are: what each has changed against its image. Calls for one sandbox
/// never overlap.
interface DiskStore extends AutoCloseable {
    /// The two folders of a disk, as an overlay mount wants them.
    record Disk(Path upper, Path work) {}

    /// Whether a disk's limit is enforced. Where it is not, a sandbox can fill the host's disk.
    boolean hasQuota();

    /// Makes an empty disk that holds at most `mib`. On failure [#delete] clears what is there.
    void create(SandboxId id, int mib) throws IOException;

    /// The disk of a sandbox that has one.
    Disk disk(SandboxId id);

    /// Does nothing when there is none; finishes what an earlier call began.
    void delete(SandboxId id) throws IOException;

    /// All sandboxes that have a disk, or half of one.
    Set<SandboxId> ids() throws IOException;

    /// Lets go of the store; its disks stay, also for sandboxes that are running.
    @Override
    void close();

    /// Takes the store off the host, with all disks. No sandbox may be running.
    void remove() throws IOException;
}
