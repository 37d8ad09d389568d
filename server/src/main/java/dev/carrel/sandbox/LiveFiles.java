package dev.carrel.sandbox;

import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/// Files of a sandbox that is started again, when it is not running, at each use.
final class LiveFiles implements SandboxFiles {
    /// Uses the running sandbox, and once more if it ends meanwhile.
    interface Access {
        <T> T use(Function<RunningSandbox, T> work);

        /// Keeps it awake.
        Hold hold();

        /// The same for content on its way.
        Hold transfer();

        /// Whether these are its files now: it may have been given others, or have ended.
        boolean has(SandboxFiles files);
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
    public List<FileStat> list(String path, boolean recursive, int limit, Optional<String> after) {
        return sandbox.use(running -> running.files().list(path, recursive, limit, after));
    }

    @Override
    public OpenFile open(String path) {
        return sandbox.use(running -> running.files().open(path));
    }

    @Override
    public FileStat write(String path, InputStream content, FileAttributes attributes) {
        try (Hold _ = sandbox.transfer()) {
            SandboxFiles files = answering();
            var transfer = new Transfer(() -> sandbox.has(files));
            FileStat written = files.write(path, transfer.watch(content), attributes);
            transfer.check();
            return written;
        }
    }

    @Override
    public void change(String path, FileAttributes attributes, boolean recursive) {
        sandbox.use(running -> {
            running.files().change(path, attributes, recursive);
            return path;
        });
    }

    @Override
    public CopyResult move(String from, String to, boolean overwrite) {
        return sandbox.use(running -> running.files().move(from, to, overwrite));
    }

    @Override
    public CopyResult copy(String from, String to, boolean overwrite) {
        return sandbox.use(running -> running.files().copy(from, to, overwrite));
    }

    @Override
    public void walk(String path, TreeEntry.Visitor visitor) {
        try (Hold _ = sandbox.transfer()) {
            answering().walk(path, visitor);
        }
    }

    @Override
    public void writeTree(String path, Consumer<TreeWriter> work) {
        try (Hold _ = sandbox.transfer()) {
            SandboxFiles files = answering();
            var transfer = new Transfer(() -> sandbox.has(files));
            files.writeTree(path, writer -> work.accept(transfer.watch(writer)));
            transfer.check();
        }
    }

    @Override
    public FileWatch watch(String path, boolean recursive) {
        Hold hold = sandbox.hold();
        boolean complete = false;
        try {
            FileWatch watch = answering().watch(path, recursive);
            complete = true;
            return new HeldWatch(watch, hold);
        } finally {
            if (!complete) {
                hold.close();
            }
        }
    }

    /// A watch that keeps its sandbox awake.
    private record HeldWatch(FileWatch watch, Hold hold) implements FileWatch {
        @Override
        public Optional<FileEvent> next(Duration wait) throws InterruptedException {
            return watch.next(wait);
        }

        @Override
        public boolean isEnded() {
            return watch.isEnded();
        }

        @Override
        public void close() {
            hold.close();
            watch.close();
        }
    }

    /// What is sent or taken in pieces cannot be done twice, so that it begins only with a sandbox
    /// that answers.
    private SandboxFiles answering() {
        return sandbox.use(running -> {
            running.files().stat("/");
            return running.files();
        });
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
