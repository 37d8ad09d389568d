package dev.carrel.sandbox.oci;

import dev.carrel.process.Fd;
import dev.carrel.process.HostCommand;
import dev.carrel.process.Linux;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What of the host an instance uses, set up once: disks, network, mount space, control groups.
record Host(
        Instance instance,
        DiskStore disks,
        Uplinks uplinks,
        MountSpace space,
        IdMap idMap,
        ControlGroups groups,
        GracePeriod gracePeriod,
        Engines engines,
        Launch launch) {
    private static final Logger LOG = LoggerFactory.getLogger(Host.class);

    /// Sets up what is missing. On failure this process holds nothing; what was set up on the host
    /// is taken over by the next attempt.
    static Host open(OciSettings settings) throws IOException {
        Instance instance = Instance.of(settings.home());
        Files.createDirectories(instance.sandboxes());
        // Users of the host have no business in here; sandboxes' root must not pass upwards.
        Files.setPosixFilePermissions(
                instance.sandboxes(), PosixFilePermissions.fromString("rwx------"));
        Files.createDirectories(instance.runtime());
        DiskStore disks = openDisks(instance, settings);
        Uplinks uplinks = Uplinks.open(instance, settings.network(), folders(instance));
        ControlGroups groups = ControlGroups.of(instance.controlGroup());
        IdMap idMap = IdMap.open();
        MountSpace space = null;
        try {
            space = MountSpace.open(instance.runtime().resolve("mnt"));
        } finally {
            if (space == null) {
                idMap.close();
            }
        }
        var roots = new RootMounts(space, idMap);
        var engines = Engines.of(instance, space.root(), groups, settings.microvmShim());
        var launch = new Launch(instance, disks, roots, engines, groups, uplinks, space);
        GracePeriod gracePeriod = GracePeriod.of(groups);
        return new Host(
                instance, disks, uplinks, space, idMap, groups, gracePeriod, engines, launch);
    }

    /// Every sandbox that something is left of.
    Set<SandboxId> remains() throws IOException {
        Set<SandboxId> remains = new HashSet<>(DiskFolders.ids(instance.sandboxes()));
        remains.addAll(disks.ids());
        remains.addAll(groups.ids());
        remains.addAll(engines.remembered());
        return remains;
    }

    /// What stays on the host when a process goes.
    enum Left {
        /// All that sandboxes need, which run on.
        ALL,
        /// What is on disk.
        FILES,
        NOTHING
    }

    /// Lets go of what this process holds, and takes off the host what is not to stay.
    void close(Left left) {
        // First: a mount namespace of its own would keep the disks' mount alive.
        space.close();
        gracePeriod.close();
        engines.close();
        idMap.close();
        uplinks.close();
        disks.close();
        if (left == Left.ALL) {
            return;
        }
        try {
            uplinks.remove();
            groups.removeParents();
            if (left == Left.FILES) {
                disks.unmount();
            } else {
                disks.remove();
                Trees.delete(instance.snapshots());
                Files.deleteIfExists(instance.sandboxes());
            }
            Trees.delete(instance.runtime());
        } catch (IOException e) {
            LOG.error("parts of a server stay on the host", e);
        }
    }

    private static DiskStore openDisks(Instance instance, OciSettings settings) throws IOException {
        boolean hasTools =
                HostCommand.find("btrfs").isPresent() && HostCommand.find("mkfs.btrfs").isPresent();
        Path folder = instance.home().resolve("disks");
        if (!hasTools || !HostChecks.kernelHas("btrfs")) {
            LOG.warn("no btrfs on this host: the disks of sandboxes have no limit");
            return DirectoryDisks.open(folder);
        }
        PoolFile pool = PoolFile.in(instance.home(), settings.poolMib());
        if (!Files.exists(pool.file()) && isBtrfs(instance.home())) {
            return BtrfsDisks.inFolder(folder);
        }
        return BtrfsDisks.inPool(pool);
    }

    private static boolean isBtrfs(Path path) throws IOException {
        try (Fd fd = Linux.open(path.toString(), Linux.O_RDONLY | Linux.O_DIRECTORY, 0)) {
            return Linux.fileSystem(fd) == Btrfs.MAGIC;
        }
    }

    private static List<SandboxFolder> folders(Instance instance) throws IOException {
        return DiskFolders.ids(instance.sandboxes()).stream().map(instance::sandbox).toList();
    }
}
