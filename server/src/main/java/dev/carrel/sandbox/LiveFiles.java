package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.InputStream;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/// Files of a sandbox that is started again, when it is not running, at each use.
final class LiveFiles implements SandboxFiles {
    private final Supplier<RunningSandbox> sandbox;

    LiveFiles(Supplier<RunningSandbox> sandbox) {
        this.sandbox = sandbox;
    }

    @Override
    public FileStat stat(String path) {
        return call(files -> files.stat(path));
    }

    @Override
    public List<FileStat> list(String path, boolean recursive, int limit) {
        return call(files -> files.list(path, recursive, limit));
    }

    @Override
    public InputStream read(String path, long offset) {
        return call(files -> files.read(path, offset));
    }

    /// Not tried twice: the content can be read only once.
    @Override
    public long write(String path, InputStream content) {
        return sandbox.get().files().write(path, content);
    }

    @Override
    public void delete(String path) {
        call(files -> {
            files.delete(path);
            return path;
        });
    }

    @Override
    public void makeDirectory(String path) {
        call(files -> {
            files.makeDirectory(path);
            return path;
        });
    }

    /// The sandbox may end between being found running and being used: once more, then.
    private <T> T call(Function<SandboxFiles, T> access) {
        try {
            return access.apply(sandbox.get().files());
        } catch (CarrelException e) {
            if (e.code() != ErrorCode.SANDBOX_NOT_RUNNING) {
                throw e;
            }
            return access.apply(sandbox.get().files());
        }
    }
}
