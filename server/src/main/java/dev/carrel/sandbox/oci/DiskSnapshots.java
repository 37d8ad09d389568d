package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.sandbox.SnapshotId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// The snapshots of a host: what they hold is a matter of the [DiskStore], that nobody writes
/// meanwhile is one of the sandbox.
record DiskSnapshots(DiskStore disks) {
    /// `running` is the sandbox, if it runs. Paused before, it stays so.
    long take(SandboxId id, SnapshotId snapshot, Optional<Attached> running) {
        Optional<Attached> held = running.filter(sandbox -> !sandbox.isPaused());
        held.ifPresent(Attached::pause);
        try {
            return disks.takeSnapshot(id, snapshot);
        } catch (IOException e) {
            throw Failures.failed(id, "be saved", e);
        } finally {
            held.ifPresent(Attached::resume);
        }
    }

    /// The sandbox has been stopped.
    void restore(SandboxId id, SandboxSpec spec, SnapshotId snapshot) {
        try {
            disks.restore(id, snapshot, spec.resources().diskMib());
        } catch (IOException e) {
            throw Failures.failed(id, "be restored", e);
        }
    }

    /// The disk that a new sandbox gets; `image` is asked for only where there is no snapshot.
    void makeDisk(SandboxId id, SandboxSpec spec, Supplier<Path> image) throws IOException {
        int mib = spec.resources().diskMib();
        if (spec.snapshot().isPresent()) {
            disks.createFrom(id, spec.snapshot().get(), mib);
        } else {
            disks.create(id, image.get(), mib);
        }
    }

    void delete(SnapshotId snapshot) {
        try {
            disks.deleteSnapshot(snapshot);
        } catch (IOException e) {
            throw Failures.failed(snapshot, "be deleted", e);
        }
    }

    Set<SnapshotId> all() {
        try {
            return disks.snapshots();
        } catch (IOException e) {
            throw new CarrelException(
                    ErrorCode.INTERNAL_ERROR, "the snapshots on this host cannot be listed", e);
        }
    }
}
