package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.FileStat;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.SandboxId;
import java.io.InputStream;
import java.util.List;
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

    private boolean closed;

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
    public List<FileStat> list(String path, boolean recursive, int limit) {
        return with(files -> files.list(path, recursive, limit));
    }

    @Override
    public InputStream read(String path, long offset) {
        return with(files -> files.read(path, offset));
    }

    @Override
    public long write(String path, InputStream content) {
        return with(files -> files.write(path, content));
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
    public void close() {
        lock.lock();
        try {
            closed = true;
            root.close();
        } finally {
            lock.unlock();
        }
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
