package dev.carrel.sandbox.oci;

import static dev.carrel.process.Linux.AT_SYMLINK_NOFOLLOW;
import static dev.carrel.process.Linux.O_DIRECTORY;
import static dev.carrel.process.Linux.O_NOFOLLOW;
import static dev.carrel.process.Linux.O_RDONLY;

import dev.carrel.process.Directories;
import dev.carrel.process.DirectoryEntry;
import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.FileInfo;
import dev.carrel.process.FileMetadata;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// A directory as an overlay shows it, read without a mount: the folder of the disk above that of
/// the image. In the upper one, a device with number 0 stands for what was removed, and an
/// attribute of a folder hides the one below. Nobody writes to either. Used by one thread.
final class LayeredDirectory implements AutoCloseable {
    private static final int DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    private static final Set<Errno> NO_DIRECTORY = Set.of(Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP);
    private static final int TYPE = 0170000;
    private static final int CHARACTER_DEVICE = 0020000;

    private final Optional<Fd> upper;
    private final Optional<Fd> lower;

    /// What there is of a name, and in which of the two folders. `hides` says that nothing below it
    /// shows.
    record Entry(String name, FileInfo info, Fd folder, boolean fromUpper, boolean hides) {}

    private LayeredDirectory(Optional<Fd> upper, Optional<Fd> lower) {
        this.upper = upper;
        this.lower = lower;
    }

    /// The root of both; without an upper one, that of the image alone.
    static LayeredDirectory root(Optional<Path> upper, Path lower) throws IOException {
        Optional<Fd> above = Optional.empty();
        if (upper.isPresent()) {
            above = Optional.of(Linux.open(upper.get().toString(), DIRECTORY, 0));
        }
        try {
            return new LayeredDirectory(
                    above, Optional.of(Linux.open(lower.toString(), DIRECTORY, 0)));
        } catch (IOException e) {
            above.ifPresent(Fd::close);
            throw e;
        }
    }

    /// A directory that there is not.
    static LayeredDirectory none() {
        return new LayeredDirectory(Optional.empty(), Optional.empty());
    }

    /// What is in it, by name; at most `max` names of each folder, and more are refused.
    Map<String, Entry> entries(int max) throws IOException {
        var entries = new TreeMap<String, Entry>();
        Set<String> covered = new HashSet<>();
        if (upper.isPresent()) {
            for (String name : names(upper.get(), max)) {
                FileInfo info = Linux.stat(upper.get(), name, AT_SYMLINK_NOFOLLOW);
                covered.add(name);
                if ((info.mode() & TYPE) != CHARACTER_DEVICE) {
                    boolean hides = !info.isDirectory() || isOpaque(upper.get(), name);
                    entries.put(name, new Entry(name, info, upper.get(), true, hides));
                }
            }
        }
        if (lower.isPresent()) {
            for (String name : names(lower.get(), max)) {
                if (!covered.contains(name)) {
                    FileInfo info = Linux.stat(lower.get(), name, AT_SYMLINK_NOFOLLOW);
                    entries.put(name, new Entry(name, info, lower.get(), false, true));
                }
            }
        }
        return entries;
    }

    /// What there is of one name.
    Optional<Entry> entry(String name, int max) throws IOException {
        return Optional.ofNullable(entries(max).get(name));
    }

    private static Set<String> names(Fd folder, int max) throws IOException {
        Set<String> names = new HashSet<>();
        // From the start: the descriptor may have been read before.
        try (Fd again = Linux.openat(folder, ".", DIRECTORY, 0)) {
            for (var batch = Directories.next(again);
                    !batch.isEmpty();
                    batch = Directories.next(again)) {
                batch.stream().map(DirectoryEntry::name).forEach(names::add);
                if (names.size() > max) {
                    throw new TooManyEntriesException();
                }
            }
        }
        return names;
    }

    private static boolean isOpaque(Fd folder, String name) throws IOException {
        try (Fd inner = Root.openEntry(folder, name, O_RDONLY | O_DIRECTORY)) {
            if (FileMetadata.attribute(inner, "trusted.overlay.redirect").isPresent()) {
                throw new IOException("a folder of this disk has its files elsewhere");
            }
            return FileMetadata.attribute(inner, "trusted.overlay.opaque")
                    .filter(value -> value.equals("y"))
                    .isPresent();
        }
    }

    /// The directory of this name; an empty one where there is none, or something else.
    LayeredDirectory directory(Optional<Entry> entry) throws IOException {
        if (entry.isEmpty() || !entry.get().info().isDirectory()) {
            return none();
        }
        String name = entry.get().name();
        if (!entry.get().fromUpper()) {
            return new LayeredDirectory(Optional.empty(), open(lower, name));
        }
        Optional<Fd> above = open(upper, name);
        try {
            Optional<Fd> below =
                    entry.get().hides() || !isDirectory(lower, name)
                            ? Optional.empty()
                            : open(lower, name);
            return new LayeredDirectory(above, below);
        } catch (IOException e) {
            above.ifPresent(Fd::close);
            throw e;
        }
    }

    private static Optional<Fd> open(Optional<Fd> folder, String name) throws IOException {
        return Optional.of(Root.openEntry(folder.orElseThrow(), name, O_RDONLY | O_DIRECTORY));
    }

    private static boolean isDirectory(Optional<Fd> folder, String name) throws IOException {
        if (folder.isEmpty()) {
            return false;
        }
        try (Fd _ = Root.openEntry(folder.get(), name, O_RDONLY | O_DIRECTORY)) {
            return true;
        } catch (LinuxException e) {
            if (NO_DIRECTORY.contains(e.errno())) {
                return false;
            }
            throw e;
        }
    }

    @Override
    public void close() {
        upper.ifPresent(Fd::close);
        lower.ifPresent(Fd::close);
    }

    /// There are more than somebody wants to look at.
    static final class TooManyEntriesException extends IOException {
        TooManyEntriesException() {
            super("too many files to compare");
        }
    }
}
