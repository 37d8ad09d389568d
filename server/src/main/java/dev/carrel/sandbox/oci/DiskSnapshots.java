package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.FileDifference;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.sandbox.SnapshotId;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/// The snapshots of a host: what they hold is a matter of the [DiskStore], that nobody writes
/// meanwhile is one of the sandbox.
record DiskSnapshots(DiskStore disks, DiskImages images) {
    /// `running` is the sandbox, if it runs. Paused before, it stays so.
    long take(SandboxId id, SnapshotId snapshot, Optional<Attached> running) {
        Optional<Attached> held = running.filter(sandbox -> !sandbox.isPaused());
        held.ifPresent(Attached::pause);
        try {
            images.keep(id, snapshot);
            return disks.takeSnapshot(id, snapshot);
        } catch (IOException e) {
            throw Failures.failed(id, "be saved", e);
        } finally {
            held.ifPresent(Attached::resume);
        }
    }

    /// The sandbox has been stopped.
    void restore(SandboxFolder folder, SandboxSpec spec, SnapshotId snapshot) {
        SandboxId id = folder.id();
        Failures.run(
                id,
                "be restored",
                () -> {
                    disks.restore(id, snapshot, spec.resources().diskMib());
                    images.keep(folder);
                });
    }

    /// The disk that a new sandbox gets.
    void makeDisk(SandboxFolder folder, SandboxSpec spec) throws IOException {
        SandboxId id = folder.id();
        int mib = spec.resources().diskMib();
        if (spec.snapshot().isPresent()) {
            disks.createFrom(id, spec.snapshot().get(), mib);
            images.keep(folder);
        } else {
            disks.create(id, images.claim(folder, spec), mib);
        }
    }

    void delete(SnapshotId snapshot) {
        try {
            disks.deleteSnapshot(snapshot);
            images.release(snapshot);
        } catch (IOException e) {
            throw Failures.failed(snapshot, "be deleted", e);
        }
    }

    void writeLayer(SnapshotId snapshot, OutputStream out) {
        try {
            LayerWriter.write(disks.snapshot(snapshot).upper(), out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// As [dev.carrel.sandbox.SandboxRuntime#compareSnapshots].
    boolean compare(
            Optional<SnapshotId> before,
            Optional<SnapshotId> after,
            String path,
            int entriesMax,
            FileDifference.Visitor visitor) {
        Set<String> roots = new HashSet<>();
        try {
            Optional<Path> old = upper(before, roots);
            Optional<Path> now = upper(after, roots);
            if (roots.size() > 1) {
                throw new CarrelException(
                        ErrorCode.CONFLICT, "files on different images cannot be compared");
            }
            if (roots.isEmpty()) {
                return true;
            }
            Path image = Path.of(roots.iterator().next());
            return SnapshotComparison.run(
                    new SnapshotComparison.Trees(old, now, image), path, entriesMax, visitor);
        } catch (IOException e) {
            throw new CarrelException(
                    ErrorCode.INTERNAL_ERROR, "the files cannot be compared: " + e.getMessage(), e);
        }
    }

    private Optional<Path> upper(Optional<SnapshotId> snapshot, Set<String> roots)
            throws IOException {
        if (snapshot.isEmpty()) {
            return Optional.empty();
        }
        DiskStore.Disk disk = disks.snapshot(snapshot.get());
        roots.add(Files.readString(disk.image()));
        return Optional.of(disk.upper());
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
