package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.CopyResult;
import dev.carrel.sandbox.FileAttributes;
import dev.carrel.sandbox.FileStat;
import dev.carrel.sandbox.FileWatch;
import dev.carrel.sandbox.OpenFile;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.TreeEntry;
import dev.carrel.sandbox.TreeWriter;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;

/// The files of a sandbox as long as it runs. Each call works on a descriptor of its own: a call
/// that is under way when the sandbox stops must never see its number given to another file.
final class AttachedFiles implements SandboxFiles, AutoCloseable {
    private final SandboxId sandbox;
    private final BooleanSupplier alive;
    private final ReentrantLock lock = new ReentrantLock();

    /// Guarded by `lock`: the root directory.
    private final Fd root;

    private volatile boolean closed;

    private final Set<FileWatch> watches = ConcurrentHashMap.newKeySet();

    /// Takes over `root`, an `O_PATH` descriptor.
    AttachedFiles(SandboxId sandbox, Fd root, BooleanSupplier alive) {
        this.sandbox = sandbox;
        this.root = root;
        this.alive = alive;
    }

    @Override
    public FileStat stat(String path) {
        return with(files -> files.stat(path));
    }

    @Override
    public List<FileStat> list(String path, boolean recursive, int limit, Optional<String> after) {
        return with(files -> files.list(path, recursive, limit, after));
    }

    @Override
    public OpenFile open(String path) {
        return with(files -> files.open(path));
    }

    @Override
    public FileStat write(String path, InputStream content, FileAttributes attributes) {
        return with(files -> files.write(path, content, attributes));
    }

    @Override
    public void change(String path, FileAttributes attributes, boolean recursive) {
        run(files -> files.change(path, attributes, recursive));
    }

    @Override
    public CopyResult move(String from, String to, boolean overwrite) {
        return with(files -> files.move(from, to, overwrite));
    }

    @Override
    public CopyResult copy(String from, String to, boolean overwrite) {
        return with(files -> files.copy(from, to, overwrite));
    }

    @Override
    public void walk(String path, TreeEntry.Visitor visitor) {
        run(files -> files.walk(path, visitor));
    }

    @Override
    public void writeTree(String path, Consumer<TreeWriter> work) {
        run(files -> files.writeTree(path, work));
    }

    @Override
    public void delete(String path) {
        run(files -> files.delete(path));
    }

    @Override
    public void makeDirectory(String path) {
        run(files -> files.makeDirectory(path));
    }

    @Override
    public FileWatch watch(String path, boolean recursive) {
        try (var files = new RootFiles(ownRoot())) {
            FileWatch watch = files.watch(path, recursive, this::isOpen);
            watches.add(watch);
            if (!isOpen()) {
                watch.close(); // closed between the two
            }
            return watch;
        }
    }

    private boolean isOpen() {
        watches.removeIf(FileWatch::isEnded);
        return !closed && alive.getAsBoolean();
    }

    /// Ends the watches, too, since each keeps the file system.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            root.close();
        } finally {
            lock.unlock();
        }
        watches.forEach(FileWatch::close);
        watches.clear();
    }

    private void run(Consumer<SandboxFiles> call) {
        try (var files = new RootFiles(ownRoot())) {
            call.accept(files);
        }
    }

    private <T> T with(Function<SandboxFiles, T> call) {
        try (var files = new RootFiles(ownRoot())) {
            return call.apply(files);
        }
    }

    private Root ownRoot() {
        lock.lock();
        try {
            if (closed || !alive.getAsBoolean()) {
                throw new CarrelException(
                        ErrorCode.SANDBOX_NOT_RUNNING, "sandbox " + sandbox + " is not running");
            }
            int flags = Linux.O_PATH | Linux.O_DIRECTORY;
            return new Root(Linux.openat(root, ".", flags, 0), IdMap.BASE);
        } catch (LinuxException e) {
            throw Failures.failed(sandbox, "be looked into", e);
        } finally {
            lock.unlock();
        }
    }
}
