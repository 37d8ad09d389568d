package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/// Brings one sandbox up and down: bundle, root file system, crun, network, and all of it
/// backwards.
///
/// INVARIANT: what is set up is always smaller than what [#clear] takes down, and that works from
/// any half, because it looks at the host and not at what was meant to be there.
record Launch(
        Instance instance,
        DiskStore disks,
        RootMounts roots,
        Engines engines,
        ControlGroups groups,
        Uplinks uplinks,
        MountSpace space) {
    /// Room beyond the limit while a sandbox starts: on a full disk, an overlay mounts read-only.
    private static final int SPARE_MIB = 16;

    /// Starts pid 1 on the disk that is there, or lets it go on with its saved `memory`; returns
    /// its process id on the host.
    int up(SandboxFolder folder, SandboxSpec spec, Optional<Path> memory) throws IOException {
        Files.createDirectories(folder.bundle());
        if (!Files.exists(folder.run())) {
            Files.deleteIfExists(folder.run());
            Files.createSymbolicLink(folder.run(), disks.run(folder.id()));
        }
        Files.deleteIfExists(folder.run().resolve(RunDirectory.CHANNEL));
        DiskStore.Disk disk = disks.disk(folder.id());
        Path image = Path.of(Files.readString(disk.image()));
        Path init = roots.init();
        disks.resize(folder.id(), spec.resources().diskMib() + SPARE_MIB);
        Engine engine = engines.of(folder);
        Engine.Link link = (pid1, files) -> uplinks.connect(folder, spec.network(), pid1, files);
        int process =
                roots.with(
                        folder.id(),
                        image,
                        disk,
                        root -> {
                            OciConfig config = config(folder, spec, root, init);
                            if (memory.isPresent()) {
                                return engine.runSaved(folder, config, link, memory.get());
                            }
                            renewIdentity(folder, root);
                            NetworkFiles.write(root, hostname(folder.id()), uplinks.gateway());
                            return engine.run(folder, config, link);
                        });
        disks.resize(folder.id(), spec.resources().diskMib());
        engine.complete(process, link);
        Files.createFile(folder.ready());
        return process;
    }

    // A copy of another sandbox's disk becomes a machine of its own.
    private void renewIdentity(SandboxFolder folder, Path root) throws IOException {
        DiskStore.Disk disk = disks.disk(folder.id());
        SandboxId before = Identity.of(disk);
        if (!before.equals(folder.id())) {
            if (Identity.renew(root, hostname(before), hostname(folder.id()))) {
                Files.writeString(folder.keysWanted(), "");
            }
            Identity.note(disk, folder.id());
        }
    }

    /// The process id of pid 1, if the sandbox is up as a whole.
    OptionalInt process(SandboxFolder folder) throws IOException {
        if (!Files.exists(folder.ready())) {
            return OptionalInt.empty();
        }
        try {
            int process = Integer.parseInt(Files.readString(folder.pid()).strip());
            return groups.holds(folder.id(), process)
                    ? OptionalInt.of(process)
                    : OptionalInt.empty();
        } catch (NoSuchFileException | NumberFormatException e) {
            return OptionalInt.empty();
        }
    }

    /// Changes what a sandbox may use, while it runs.
    void resize(SandboxFolder folder, Resources resources) throws IOException {
        Engine engine = engines.of(folder);
        new LiveLimits(groups).set(folder.id(), engine.onHost(resources));
        OptionalInt process = process(folder);
        if (process.isPresent()) {
            engine.resize(folder, process.getAsInt(), resources);
        }
    }

    /// Ends all processes.
    void kill(SandboxFolder folder) throws IOException {
        space.run(() -> groups.kill(folder.id()));
    }

    /// Takes away all that a running sandbox has on the host, when its processes have ended; disk,
    /// run directory and address stay.
    void clear(SandboxFolder folder) throws IOException {
        space.run(() -> {
            groups.kill(folder.id());
            groups.remove(folder.id());
        });
        uplinks.disconnect(folder);
        engines.forget(folder.id());
        Trees.delete(folder.bundle());
    }

    private OciConfig config(SandboxFolder folder, SandboxSpec spec, Path root, Path init) {
        return new OciConfig(
                hostname(folder.id()),
                root,
                init,
                groups.path(folder.id()),
                spec.resources(),
                OciConfig.canLimitSwap(groups.layout()));
    }

    /// The short form of the id, as a host name may be.
    private static String hostname(SandboxId sandbox) {
        String id = sandbox.value();
        return id.substring(0, Math.min(12, id.length())).replace('_', '-').replaceAll("-+$", "");
    }
}
