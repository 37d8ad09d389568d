package dev.carrel.image;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/// Decides between those who begin to use an image and those who remove it, in all processes that
/// share the directory. Held for a few file operations, never while something is pulled, built or
/// deleted.
final class StoreLock implements AutoCloseable {
    private static final String FILE = ".lock";

    /// A file lock excludes other processes only; these exclude other threads of this one.
    private static final Map<Path, ReentrantLock> THREADS = new ConcurrentHashMap<>();

    private final ReentrantLock threads;
    private final FileChannel file;

    private StoreLock(ReentrantLock threads, FileChannel file) {
        this.threads = threads;
        this.file = file;
    }

    static StoreLock take(Path directory) throws IOException {
        Files.createDirectories(directory);
        ReentrantLock threads = THREADS.computeIfAbsent(directory, path -> new ReentrantLock());
        threads.lock();
        FileChannel file = null;
        boolean taken = false;
        try {
            file = FileChannel.open(directory.resolve(FILE), CREATE, WRITE);
            file.lock(); // whoever has it gives it back within milliseconds
            taken = true;
            return new StoreLock(threads, file);
        } finally {
            if (!taken) {
                close(threads, file);
            }
        }
    }

    @Override
    public void close() throws IOException {
        close(threads, file);
    }

    private static void close(
            ReentrantLock threads, @org.jspecify.annotations.Nullable FileChannel file)
            throws IOException {
        try {
            if (file != null) {
                file.close();
            }
        } finally {
            threads.unlock();
        }
    }
}
