package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.Directories;
import dev.carrel.process.Fd;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SnapshotId;
import dev.carrel.sandbox.oci.DiskStore.Disk;
import dev.carrel.store.Ids;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What both kinds of disks have in common: folders named after the sandbox or snapshot.
final class DiskFolders {
    /// At the end of the name of what is being made, or was replaced: rubbish after a crash.
    static final String HALF = ".half";

    /// At the end of the name of what pid 1 writes.
    static final String RUN = ".run";

    private DiskFolders() {}

    /// Makes what is in a disk. `upper` becomes the root directory of the sandbox.
    static void make(Path folder, SandboxId id, Path image) throws IOException {
        Files.createDirectories(folder);
        Disk disk = disk(folder);
        Files.writeString(disk.image(), image.toString());
        Files.writeString(disk.identity(), id.value());
        Files.createDirectory(disk.work());
        Files.createDirectory(disk.upper());
        Owners.give(disk.upper(), 0755);
    }

    static Disk disk(Path folder) {
        return new Disk(
                folder.resolve("upper"),
                folder.resolve("work"),
                folder.resolve("image"),
                folder.resolve("identity"));
    }

    /// Puts the half-made folder of this name in its place, and what was there into the half's.
    static void exchange(Path folder, String name) throws LinuxException {
        String half = folder.resolve(name + HALF).toString();
        String whole = folder.resolve(name).toString();
        Directories.rename(Fd.CWD, half, Fd.CWD, whole, Directories.RENAME_EXCHANGE);
    }

    /// The folder of a snapshot that there is.
    static Path requireSnapshot(Path folder, SnapshotId snapshot) {
        Path path = folder.resolve(snapshot.value());
        if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            throw new CarrelException(
                    ErrorCode.SNAPSHOT_NOT_FOUND,
                    "there is no snapshot " + snapshot + "; it may have been deleted");
        }
        return path;
    }

    /// The sandboxes after which entries of `folder` are named.
    static Set<SandboxId> ids(Path folder) throws IOException {
        return names(folder, "sbx", SandboxId::new);
    }

    /// The snapshots after which entries of `folder` are named.
    static Set<SnapshotId> snapshots(Path folder) throws IOException {
        return names(folder, "snp", SnapshotId::new);
    }

    /// What a crash left half done.
    static Set<String> halves(Path folder) throws IOException {
        try (Stream<Path> children = Files.list(folder)) {
            return children.map(path -> String.valueOf(path.getFileName()))
                    .filter(name -> name.endsWith(HALF))
                    .collect(Collectors.toUnmodifiableSet());
        }
    }

    private static <T> Set<T> names(Path folder, String prefix, Function<String, T> id)
            throws IOException {
        if (!Files.isDirectory(folder)) {
            return Set.of();
        }
        try (Stream<Path> children = Files.list(folder)) {
            return children.map(path -> String.valueOf(path.getFileName()))
                    .filter(name -> Ids.isId(prefix, name))
                    .map(id)
                    .collect(Collectors.toUnmodifiableSet());
        }
    }
}
