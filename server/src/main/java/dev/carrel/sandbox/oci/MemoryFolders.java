package dev.carrel.sandbox.oci;

import dev.carrel.process.Directories;
import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The folders with the memory of sandboxes, beside their disks; no snapshot has them. One becomes
/// whole by a change of its name, which may come while no server runs, and is taken out of reach by
/// another: so of whoever writes it and whoever gives it up, exactly one has it. The names are not
/// those of halves, which the next server takes for rubbish before it has looked for sandboxes.
///
/// Calls for one sandbox never overlap, but for the change that makes it whole.
final class MemoryFolders {
    private static final String WHOLE = ".memory";
    private static final String BEGUN = ".memory-begun";

    /// Nobody's: what is being read, or was given up.
    private static final String ASIDE = ".memory-beside";

    private final Path folder;
    private final Maker maker;
    private final Remover remover;

    MemoryFolders(Path folder, Maker maker, Remover remover) {
        this.folder = folder;
        this.maker = maker;
        this.remover = remover;
    }

    /// Makes an empty folder of this name, with room for `mib`.
    interface Maker {
        void make(String name, int mib) throws IOException;
    }

    /// Removes the folder of this name, if there is one.
    interface Remover {
        void remove(String name) throws IOException;
    }

    /// Where it is when it is whole.
    Path whole(SandboxId id) {
        return path(id, WHOLE);
    }

    boolean isWhole(SandboxId id) {
        return isFolder(whole(id));
    }

    boolean isBegun(SandboxId id) {
        return isFolder(path(id, BEGUN));
    }

    /// An empty folder, to be moved to [#whole]. What there was before is gone.
    Path begin(SandboxId id, int mib) throws IOException {
        delete(id);
        maker.make(id.value() + BEGUN, mib);
        return path(id, BEGUN);
    }

    /// Sees to it that what has been begun never becomes whole, unless it has. Returns whether
    /// something is left of memory that was given up or taken, now or before: until it is deleted.
    boolean giveUp(SandboxId id) throws IOException {
        putAside(id, BEGUN);
        return isFolder(path(id, ASIDE));
    }

    /// Moves what is whole, if it is there, to where nobody takes it for saved any more.
    Optional<Path> take(SandboxId id) throws IOException {
        return putAside(id, WHOLE) ? Optional.of(path(id, ASIDE)) : Optional.empty();
    }

    /// Deletes all that is there, whole or not. What is begun goes first: it may become whole.
    void delete(SandboxId id) throws IOException {
        for (String kind : List.of(BEGUN, ASIDE, WHOLE)) {
            remover.remove(id.value() + kind);
        }
    }

    private boolean putAside(SandboxId id, String kind) throws IOException {
        Path from = path(id, kind);
        if (!isFolder(from)) {
            return false;
        }
        remover.remove(id.value() + ASIDE);
        try {
            String to = path(id, ASIDE).toString();
            Directories.rename(Fd.CWD, from.toString(), Fd.CWD, to, 0);
            return true;
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
            return false; // it became whole just now
        }
    }

    private Path path(SandboxId id, String kind) {
        return folder.resolve(id.value() + kind);
    }

    private static boolean isFolder(Path path) {
        return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
    }
}
