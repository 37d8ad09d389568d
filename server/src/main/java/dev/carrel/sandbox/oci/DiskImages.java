package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.image.ImageConfig;
import dev.carrel.image.Images;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.sandbox.SnapshotId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The images below disks and snapshots, which must not be removed before them. Disks are not to be
/// seen while the server is down, so the users of images are things that always are: the folder of
/// a sandbox, and for each snapshot an empty file.
record DiskImages(Images images, DiskStore disks, Instance instance) {
    private static final Logger LOG = LoggerFactory.getLogger(DiskImages.class);

    /// The root of the image for a new disk, kept for as long as the sandbox's folder is there.
    Path claim(SandboxFolder folder, SandboxSpec spec) throws IOException {
        return images.claim(spec.image(), folder.path()).root();
    }

    /// Keeps the image that the sandbox's disk is based on, after it was made out of a snapshot.
    void keep(SandboxFolder folder) throws IOException {
        images.claim(root(folder.id()), folder.path());
    }

    /// Before a snapshot of the sandbox's disk is taken.
    void keep(SandboxId id, SnapshotId snapshot) throws IOException {
        Files.createDirectories(instance.snapshots());
        Files.write(marker(snapshot), new byte[0]);
        images.claim(root(id), marker(snapshot));
    }

    /// After the snapshot was deleted.
    void release(SnapshotId snapshot) throws IOException {
        Files.deleteIfExists(marker(snapshot));
    }

    /// Forgets snapshots that are gone; called once, before anything else.
    void tidy() throws IOException {
        if (!Files.isDirectory(instance.snapshots())) {
            return;
        }
        Set<SnapshotId> there = disks.snapshots();
        try (Stream<Path> markers = Files.list(instance.snapshots())) {
            for (Path marker : markers.toList()) {
                if (there.stream().noneMatch(id -> marker(id).equals(marker))) {
                    Files.deleteIfExists(marker);
                }
            }
        }
    }

    /// What the image of the sandbox says of its commands.
    ImageConfig config(SandboxId id) throws IOException {
        return Images.configOf(root(id));
    }

    /// Whether the sandbox has the image that one made now would have.
    boolean isCurrent(SandboxId id, String image) {
        try {
            return root(id).equals(images.get(image).root());
        } catch (IOException | CarrelException e) {
            LOG.debug("sandbox {} is of no image that there is", id, e);
            return false;
        }
    }

    void requireDisk(SandboxId id) {
        if (!Files.exists(disks.disk(id).image())) {
            throw new CarrelException(
                    ErrorCode.SANDBOX_FAILED,
                    "sandbox " + id + " has no disk on this host; delete it and make another");
        }
    }

    private Path root(SandboxId id) throws IOException {
        return Path.of(Files.readString(disks.disk(id).image()));
    }

    private Path marker(SnapshotId snapshot) {
        return instance.snapshots().resolve(snapshot.value());
    }
}
