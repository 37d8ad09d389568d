package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.oci.DiskStore.Disk;
import dev.carrel.store.Ids;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What both kinds of disks have in common: two folders in one named after the sandbox.
final class DiskFolders {
    private DiskFolders() {}

    /// Makes the folders of a disk. `upper` becomes the root directory of the sandbox.
    static void make(Path folder) throws IOException {
        Files.createDirectories(folder);
        Disk disk = disk(folder);
        Files.createDirectory(disk.work());
        Files.createDirectory(disk.upper());
        Owners.give(disk.upper(), 0755);
    }

    static Disk disk(Path folder) {
        return new Disk(folder.resolve("upper"), folder.resolve("work"));
    }

    /// The sandboxes after which entries of `folder` are named.
    static Set<SandboxId> ids(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return Set.of();
        }
        try (Stream<Path> children = Files.list(folder)) {
            return children.map(path -> String.valueOf(path.getFileName()))
                    .filter(name -> Ids.isId("sbx", name))
                    .map(SandboxId::new)
                    .collect(Collectors.toUnmodifiableSet());
        }
    }
}
