package dev.carrel.image;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import dev.carrel.store.Ids;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/// Shows all processes that somebody is pulling: layers that no image uses yet must stay. A lock on
/// a file, so that the mark of a process that died counts no more.
final class PullMark implements AutoCloseable {
    private static final String NAME = ".pull-";

    /// Those of this process, which must not be opened again: closing a file gives up all of a
    /// process's locks on it.
    private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

    private final Path path;
    private final FileChannel file;

    private PullMark(Path path, FileChannel file) {
        this.path = path;
        this.file = file;
    }

    /// `directory` is that of the images.
    static PullMark make(Path directory) throws IOException {
        try (var _ = StoreLock.take(directory)) {
            Path path = directory.resolve(NAME + Ids.next("pul"));
            OWN.add(path);
            FileChannel file = FileChannel.open(path, CREATE_NEW, WRITE);
            if (file.tryLock() == null) {
                OWN.remove(path);
                file.close();
                throw new IOException("a new file is locked by somebody else");
            }
            return new PullMark(path, file);
        }
    }

    /// A file that is there as long as the mark.
    Path path() {
        return path;
    }

    /// Under the [StoreLock]. Removes the marks of the dead.
    static boolean anybodyPulls(Path directory) throws IOException {
        boolean any = false;
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                any |= String.valueOf(file.getFileName()).startsWith(NAME) && isHeld(file);
            }
        }
        return any;
    }

    private static boolean isHeld(Path mark) throws IOException {
        if (OWN.contains(mark)) {
            return true;
        }
        try (FileChannel file = FileChannel.open(mark, WRITE);
                FileLock lock = file.tryLock()) {
            if (lock == null) {
                return true;
            }
            Files.deleteIfExists(mark);
            return false;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(path);
        file.close();
        OWN.remove(path);
    }
}
