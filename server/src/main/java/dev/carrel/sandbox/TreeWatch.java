package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.Fd;
import dev.carrel.process.Inotify;
import dev.carrel.process.LinuxException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Watches the directories of one tree from outside, on a platform thread of its own, since the
/// kernel holds whoever waits for events.
public final class TreeWatch implements FileWatch {
    private static final Logger LOG = LoggerFactory.getLogger(TreeWatch.class);

    /// How often a silent watch looks whether its sandbox still runs.
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

    /// Events are gathered for this long, so that a thousand writes are told once.
    private static final Duration GATHER = Duration.ofMillis(20);

    private static final Duration END_TIMEOUT = Duration.ofSeconds(5);

    private final FileEventQueue queue = new FileEventQueue();
    private final Inotify inotify;
    private final WatchedTree tree;
    private final WatchEvents events;
    private final BooleanSupplier alive;
    private final Runnable afterwards;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);

    /// Held while the kernel's object is used by another thread than its own, and to close it.
    private final ReentrantLock lock = new ReentrantLock();

    private TreeWatch(
            Inotify inotify,
            WatchedTree tree,
            String path,
            BooleanSupplier alive,
            Runnable afterwards) {
        this.inotify = inotify;
        this.tree = tree;
        this.events = new WatchEvents(tree, path, queue);
        this.alive = alive;
        this.afterwards = afterwards;
    }

    /// Opens a directory below the watched one, as [WatchedTree.Place].
    @FunctionalInterface
    public interface Place {
        Fd open(String relative) throws LinuxException;
    }

    /// Watches what `place` opens, `path` inside the sandbox, as long as `alive` says so.
    /// `afterwards` runs once, when the watch has ended by itself or was closed; also when this
    /// fails. Fails with `UNAVAILABLE` where the host can watch no more.
    public static TreeWatch open(
            String path, boolean recursive, Place place, BooleanSupplier alive, Runnable afterwards)
            throws LinuxException {
        boolean complete = false;
        try {
            TreeWatch watch = make(path, recursive, place, alive, afterwards);
            Thread.ofPlatform().daemon().name("file-watch").start(watch::run);
            complete = true;
            return watch;
        } catch (WatchedTree.TooManyException e) {
            throw tooMany(path, e);
        } catch (LinuxException e) {
            if (WatchedTree.isNoRoom(e)) {
                throw noRoom(e);
            }
            throw e;
        } finally {
            if (!complete) {
                afterwards.run();
            }
        }
    }

    private static TreeWatch make(
            String path, boolean recursive, Place place, BooleanSupplier alive, Runnable afterwards)
            throws LinuxException {
        Inotify inotify = Inotify.open();
        boolean complete = false;
        try {
            var tree = new WatchedTree(inotify, place::open, recursive);
            complete = true;
            return new TreeWatch(inotify, tree, path, alive, afterwards);
        } finally {
            if (!complete) {
                inotify.close();
            }
        }
    }

    private static CarrelException tooMany(String path, Exception cause) {
        return new CarrelException(
                ErrorCode.CONFLICT,
                "%s holds more than %d directories; watch a part of it"
                        .formatted(path, WatchedTree.DIRECTORIES_MAX),
                cause);
    }

    private static CarrelException noRoom(LinuxException cause) {
        return new CarrelException(
                ErrorCode.UNAVAILABLE,
                "the host can watch no more directories: raise fs.inotify.max_user_instances and"
                        + " fs.inotify.max_user_watches",
                cause);
    }

    private void run() {
        try {
            while (!queue.isClosed()) {
                if (events.take(inotify.next(events.patience(LOOK_EVERY)))) {
                    gather();
                } else if (!alive.getAsBoolean()) {
                    queue.close(FileEvent.Reason.SANDBOX_STOPPED);
                } else if (tree.isGone()) {
                    queue.close(FileEvent.Reason.DELETED);
                }
            }
        } catch (WatchedTree.TooManyException e) {
            queue.close(FileEvent.Reason.TOO_MANY_DIRECTORIES);
        } catch (LinuxException e) {
            LOG.warn("a watch of files has ended", e);
            queue.close(
                    WatchedTree.isNoRoom(e)
                            ? FileEvent.Reason.TOO_MANY_DIRECTORIES
                            : FileEvent.Reason.SANDBOX_STOPPED);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            queue.close(FileEvent.Reason.SANDBOX_STOPPED);
        } finally {
            end();
        }
    }

    private void gather() throws InterruptedException {
        boolean over = closing.await(GATHER.toMillis(), TimeUnit.MILLISECONDS);
        if (over) {
            queue.close(FileEvent.Reason.SANDBOX_STOPPED);
        }
    }

    private void end() {
        lock.lock();
        try {
            inotify.close();
        } finally {
            lock.unlock();
        }
        try {
            afterwards.run();
        } finally {
            ended.countDown();
        }
    }

    @Override
    public Optional<FileEvent> next(Duration wait) throws InterruptedException {
        return queue.next(wait);
    }

    @Override
    public boolean isEnded() {
        return ended.getCount() == 0;
    }

    @Override
    public void close() {
        queue.close(FileEvent.Reason.SANDBOX_STOPPED);
        closing.countDown();
        wake();
        try {
            if (!ended.await(END_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("a watch of files does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // it ends by itself
        }
    }

    // To stop watching is an event, too.
    private void wake() {
        lock.lock();
        try {
            if (ended.getCount() > 0 && !inotify.isClosed()) {
                inotify.remove(tree.topWatch());
            }
        } catch (LinuxException e) {
            LOG.debug("a watch ends a little later", e);
        } finally {
            lock.unlock();
        }
    }
}
