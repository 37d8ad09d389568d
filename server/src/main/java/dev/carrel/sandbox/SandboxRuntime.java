package dev.carrel.sandbox;

import dev.carrel.store.Cursor;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Makes and drives the sandboxes of a host, at the isolation level that each asks for. It keeps
/// nothing in memory that it could not find again on the host: what it started outlives this
/// process, and a new process picks it up through [#find].
///
/// Calls for one sandbox never overlap, but for [#execution] (the caller sees to it); calls for
/// different sandboxes do.
public interface SandboxRuntime extends AutoCloseable {
    /// What this host lacks for a level, and what to do about it, for people; empty where it has
    /// all. Looks anew each time.
    Optional<String> lacks(Isolation level);

    /// Fails with `INVALID_REQUEST` when the policy asks for a range that this host's operator has
    /// not opened.
    void check(NetworkPolicy policy);

    /// Makes a sandbox with a fresh disk, or one with the files of `spec.snapshot()`, and starts
    /// it, ready to execute when this returns. On failure nothing is left. Fails with
    /// `SNAPSHOT_NOT_FOUND`.
    RunningSandbox create(SandboxId id, SandboxSpec spec);

    /// Starts a stopped sandbox again on the disk that it has, with its memory, if that is saved
    /// and of any use.
    RunningSandbox start(SandboxId id, SandboxSpec spec);

    /// The sandbox if it is running or paused now, started by this process or an earlier one;
    /// clears away the remains of a sandbox that has ended in the meantime, its disk and executions
    /// excepted. Commands started through what is returned have `spec`'s environment.
    Optional<RunningSandbox> find(SandboxId id, SandboxSpec spec);

    /// Whether a sandbox made with this spec now would start from the same image as this one, whose
    /// name may mean another one by now.
    boolean isCurrent(SandboxId id, SandboxSpec spec);

    /// Changes the limits of a sandbox, running, paused or stopped; repeating it is harmless. Fails
    /// with `CONFLICT` when it uses more memory than it would have.
    void resize(SandboxId id, Resources resources);

    /// Kills all processes, paused, saved or not, and keeps the disk and the executions. Does
    /// nothing when it is not running.
    void stop(SandboxId id);

    /// Whether sandboxes of a level can be saved with their memory.
    boolean savesMemory(Isolation level);

    /// Saves the memory of a sandbox that runs or is paused, and ends it: at the next [#start] its
    /// processes go on, once. A crash leaves it running, saved, or, if its processes had ended
    /// before, stopped. Where it cannot be saved now, says why, for people; then it runs, as
    /// [#find] finds it, unless it has ended. Only for levels that can be saved.
    Optional<String> saveMemory(SandboxId id, SandboxSpec spec);

    /// What is left of the processes of a sandbox that is stopped, or became of them when it was
    /// started last.
    SavedMemory memory(SandboxId id);

    /// Throws the saved memory of a stopped sandbox away; `why` is then what [#memory] says.
    void dropMemory(SandboxId id, String why);

    /// Removes the sandbox with everything of it on the host. Does nothing when there is nothing;
    /// finishes what an earlier call did not.
    void destroy(SandboxId id);

    /// An execution of a sandbox, running or not; empty if it was never started. While the sandbox
    /// is paused or saved, fails with `SANDBOX_NOT_RUNNING` for one that has not ended.
    Optional<Execution> execution(SandboxId id, ExecutionId execution);

    /// The executions of a sandbox, running or not, that come after `after`: newest first, at most
    /// `limit`. `startedAt` is precise to the microsecond. Works while it is paused.
    List<ExecutionSummary> executions(SandboxId id, Cursor after, int limit);

    /// Whether a snapshot costs the same however many files there are, so that many can be taken.
    boolean snapshotsAreCheap();

    /// Saves the files of a sandbox as they are at one moment: what runs in it stands still
    /// meanwhile. The copy survives the sandbox, and a crash at any time leaves it whole or not at
    /// all. Returns what the sandbox had written by then, in bytes.
    long takeSnapshot(SandboxId id, SnapshotId snapshot);

    /// Stops a sandbox and gives it the files of a snapshot; a crash leaves it with the old or the
    /// new ones. Fails as [#create] does, and then the files are the old ones.
    void restore(SandboxId id, SandboxSpec spec, SnapshotId snapshot);

    /// Does nothing when there is none. What was made from it stays as it is.
    void deleteSnapshot(SnapshotId snapshot);

    /// Writes what a snapshot has changed against the image of its sandbox as a layer of an image,
    /// a tar (OCI image specification, "Image Layer Filesystem Changeset"). Fails with
    /// `SNAPSHOT_NOT_FOUND`, and with [java.io.UncheckedIOException] when `out` does.
    void writeLayer(SnapshotId snapshot, OutputStream out);

    /// Tells which files and links below a directory differ between two snapshots of one image;
    /// where one is absent, it is compared with the image. What `.git` directories hold is left
    /// out. Looks at `entriesMax` entries at most; returns whether that was all, and the visitor
    /// has not ended it. Fails with `SNAPSHOT_NOT_FOUND`, and with `CONFLICT` for different images.
    boolean compareSnapshots(
            Optional<SnapshotId> before,
            Optional<SnapshotId> after,
            String path,
            int entriesMax,
            FileDifference.Visitor visitor);

    /// Every snapshot on this host.
    Set<SnapshotId> snapshots();

    /// What a sandbox uses now, running or not. May overlap with other calls.
    SandboxUsage usage(SandboxId id);

    /// Every sandbox of which anything is left on the host: what is not wanted can be destroyed.
    Set<SandboxId> remains();

    /// Lets go of this process's own resources. Sandboxes keep running.
    @Override
    void close();
}
