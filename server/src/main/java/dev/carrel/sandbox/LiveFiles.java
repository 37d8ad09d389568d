package dev.carrel.sandbox;

import java.io.InputStream;
import java.util.List;
import java.util.function.Function;

/// Files of a sandbox that is started again, when it is not running, at each use.
final class LiveFiles implements SandboxFiles {
    /// Uses the running sandbox, and once more if it ends meanwhile.
    interface Access {
        <T> T use(Function<RunningSandbox, T> work);
    }

    private final Access sandbox;

    LiveFiles(Access sandbox) {
        this.sandbox = sandbox;
    }

    @Override
    public FileStat stat(String path) {
        return sandbox.use(running -> running.files().stat(path));
    }

    @Override
    public List<FileStat> list(String path, boolean recursive, int limit) {
        return sandbox.use(running -> running.files().list(path, recursive, limit));
    }

    @Override
    public InputStream read(String path, long offset) {
        return sandbox.use(running -> running.files().read(path, offset));
    }

    /// The content can be read only once, so that it is sent only to a sandbox that answers.
    @Override
    public long write(String path, InputStream content) {
        SandboxFiles answering =
                sandbox.use(running -> {
                    running.files().stat("/");
                    return running.files();
                });
        return answering.write(path, content);
    }

    @Override
    public void delete(String path) {
        sandbox.use(running -> {
            running.files().delete(path);
            return path;
        });
    }

    @Override
    public void makeDirectory(String path) {
        sandbox.use(running -> {
            running.files().makeDirectory(path);
            return path;
        });
    }
}
