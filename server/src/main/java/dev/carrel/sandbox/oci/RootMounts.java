package dev.carrel.sandbox.oci;

import dev.carrel.process.Mounts;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.oci.DiskStore.Disk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// Root file systems while a sandbox starts: image below, disk above. The mount is needed until
/// crun has taken it into the sandbox. Everything here happens inside the [MountSpace].
final class RootMounts {
    private final MountSpace space;
    private final IdMap idMap;

    /// By image root: where it is mounted with the owners that sandboxes see.
    private final Map<Path, Mapped> images = new ConcurrentHashMap<>();

    private final AtomicInteger imageCount = new AtomicInteger();

    RootMounts(MountSpace space, IdMap idMap) {
        this.space = space;
        this.idMap = idMap;
    }

    /// An image may be removed, and pulled again to the same place: `file` tells them apart.
    private record Mapped(Path target, Object file) {}

    /// Work with a root file system mounted at `root`.
    @FunctionalInterface
    interface Work<T> {
        T run(Path root) throws IOException;
    }

    /// Mounts, runs `work` in the mount space, and unmounts in any case.
    <T> T with(SandboxId id, Path image, Disk disk, Work<T> work) throws IOException {
        return space.call(() -> {
            String lower = mapped(image).toString();
            Path target = Files.createDirectory(space.root().resolve(id.value()));
            try {
                // No new redirects: each changed file is on the disk itself, for LayerWriter.
                String options =
                        "lowerdir=%s,upperdir=%s,workdir=%s,redirect_dir=follow"
                                .formatted(lower, disk.upper(), disk.work());
                Mounts.mount("overlay", target.toString(), "overlay", 0, options);
                try {
                    return work.run(target);
                } finally {
                    Mounts.unmount(target.toString(), Mounts.MNT_DETACH);
                }
            } finally {
                Files.delete(target);
            }
        });
    }

    /// The program that becomes pid 1.
    Path init() throws IOException {
        return space.call(() -> NativeProgram.INIT.in(space.root()));
    }

    private Path mapped(Path image) throws IOException {
        try {
            Object file = file(image);
            forgetRemoved();
            return images.compute(
                            image,
                            (path, known) ->
                                    known != null && known.file().equals(file)
                                            ? known
                                            : mount(path, file))
                    .target();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    // The mount keeps the inode, so that its number cannot come again.
    private static Object file(Path image) throws IOException {
        return Files.getAttribute(image, "unix:ino");
    }

    /// The mounts of images that are gone: they would keep what is left of them on the disk.
    private void forgetRemoved() throws IOException {
        for (Map.Entry<Path, Mapped> entry : Map.copyOf(images).entrySet()) {
            if (!Files.exists(entry.getKey()) && images.remove(entry.getKey(), entry.getValue())) {
                Mounts.unmount(entry.getValue().target().toString(), Mounts.MNT_DETACH);
                Files.delete(entry.getValue().target());
            }
        }
    }

    private Mapped mount(Path image, Object file) {
        try {
            int number = imageCount.incrementAndGet();
            Path target = Files.createDirectory(space.root().resolve("image-" + number));
            idMap.mount(image, target);
            return new Mapped(target, file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
