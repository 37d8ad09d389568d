package dev.carrel.sandbox.oci;

import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.process.Mounts;
import dev.carrel.process.Namespaces;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A few platform threads that share a mount namespace of their own. Root file systems of sandboxes
/// are mounted there and crun is started from there, so that no such mount shows on the host or
/// outlives the process: the namespace ends with it. On hosts with both cgroup layouts, which crun
/// refuses, the second one is hidden here.
///
/// The namespace has a small file system at [#root], gone with it as well.
final class MountSpace implements AutoCloseable {
    /// How many sandboxes start or stop at the same moment; more wait their turn.
    private static final int THREADS =
            Math.clamp(2L * Runtime.getRuntime().availableProcessors(), 4, 16);

    /// How many may wait.
    private static final int WAITING_MAX = 4096;

    /// Beyond it something hangs: each step inside has a shorter limit of its own.
    private static final Duration CALL_TIMEOUT = Duration.ofMinutes(5);

    private static final Path CGROUP2_OF_MIXED = Path.of("/sys/fs/cgroup/unified");

    private final Path root;
    private final Fd namespace;
    private final ThreadPoolExecutor threads;

    private MountSpace(Path root, Fd namespace) {
        this.root = root;
        this.namespace = namespace;
        this.threads =
                new ThreadPoolExecutor(
                        THREADS,
                        THREADS,
                        30,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(WAITING_MAX),
                        Thread.ofPlatform().name("mounts-", 0).daemon().factory());
    }

    /// Work on one of the threads.
    @FunctionalInterface
    interface Work<T> {
        T run() throws IOException;
    }

    /// `root` must be an empty folder; host users may pass through it.
    static MountSpace open(Path root) throws IOException {
        Files.createDirectories(root);
        return new MountSpace(root, onThread(() -> prepare(root)));
    }

    /// Removes what crun put in place of the hidden hierarchy; call it inside.
    static void forgetHidden(String controlGroup) throws IOException {
        if (MountTable.read()
                .at(CGROUP2_OF_MIXED)
                .filter(e -> e.type().equals("tmpfs"))
                .isPresent()) {
            Trees.delete(CGROUP2_OF_MIXED.resolve(controlGroup.substring(1)));
        }
    }

    Path root() {
        return root;
    }

    /// Work without a result.
    @FunctionalInterface
    interface Task {
        void run() throws IOException;
    }

    /// As [#call].
    void run(Task task) throws IOException {
        boolean done =
                call(() -> {
                    task.run();
                    return true;
                });
        assert done;
    }

    /// Runs `work` in the mount namespace, and always to its end: an interrupt of the caller is
    /// kept for later, since half a step would be worse than a short wait.
    <T> T call(Work<T> work) throws IOException {
        var result = new CompletableFuture<T>();
        threads.execute(() -> {
            try {
                enter();
                result.complete(work.run());
            } catch (IOException | RuntimeException | Error e) {
                result.completeExceptionally(e);
            }
        });
        return await(result);
    }

    @Override
    public void close() {
        threads.shutdown();
        try {
            // The namespace, and every mount in it, goes with the last of its threads.
            if (!threads.awaitTermination(CALL_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                threads.shutdownNow();
            }
        } catch (InterruptedException e) {
            threads.shutdownNow();
            Thread.currentThread().interrupt();
        } finally {
            namespace.close();
        }
    }

    private static Fd prepare(Path root) throws LinuxException {
        Namespaces.unshare(Namespaces.CLONE_NEWNS);
        // What the host unmounts goes away here too; what is mounted here does not show there.
        Mounts.mount("none", "/", "none", Mounts.MS_REC | Mounts.MS_SLAVE, "");
        if (Files.isDirectory(CGROUP2_OF_MIXED)) {
            Mounts.unmount(CGROUP2_OF_MIXED.toString(), Mounts.MNT_DETACH);
            // crun makes folders in its place; they are not to end up on the host.
            String target = CGROUP2_OF_MIXED.toString();
            Mounts.mount("carrel", target, "tmpfs", Mounts.MS_NODEV, "mode=0755,size=16m");
        }
        String options = "mode=0711,size=16m,nr_inodes=65536";
        Mounts.mount("carrel", root.toString(), "tmpfs", Mounts.MS_NODEV, options);
        return Linux.open("/proc/thread-self/ns/mnt", Linux.O_RDONLY, 0);
    }

    private static final ThreadLocal<Boolean> INSIDE = ThreadLocal.withInitial(() -> false);

    private void enter() throws LinuxException {
        if (!INSIDE.get()) {
            // A thread that shares its working directory with others may not change namespaces.
            Namespaces.unshare(Namespaces.CLONE_FS);
            Namespaces.enter(namespace, Namespaces.CLONE_NEWNS);
            INSIDE.set(true);
        }
    }

    private static <T> T onThread(Callable<T> work) throws IOException {
        var result = new CompletableFuture<T>();
        Thread.ofPlatform()
                .name("mounts-prepare")
                .start(() -> {
                    try {
                        result.complete(work.call());
                    } catch (Exception | Error e) {
                        result.completeExceptionally(e);
                    }
                });
        return await(result);
    }

    private static <T> T await(CompletableFuture<T> result) throws IOException {
        boolean interrupted = false;
        long deadline = System.nanoTime() + CALL_TIMEOUT.toNanos();
        try {
            while (true) {
                try {
                    return result.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (TimeoutException e) {
            throw new IOException("no answer from the host in " + CALL_TIMEOUT, e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException cause -> throw cause;
                case RuntimeException cause -> throw cause;
                case null, default -> throw new IOException(e.getCause());
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
