package dev.carrel.sandbox;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Events on their way from the thread that sees them to the one that tells them. What says nothing
/// that is not already waiting to be told is left out. Whoever lets it run full is told no more.
final class FileEventQueue {
    static final int EVENTS_MAX = 8_192;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // All guarded by `lock`.
    private final ArrayDeque<FileEvent> waiting = new ArrayDeque<>();

    /// Paths whose content or coming waits to be told; and the same for attributes.
    private final Set<String> modified = new HashSet<>();

    private final Set<String> attributes = new HashSet<>();
    private boolean closed;

    void add(FileEvent event) {
        lock.lock();
        try {
            if (closed || isKnown(event)) {
                return;
            }
            if (waiting.size() >= EVENTS_MAX) {
                waiting.clear();
                end(FileEvent.Reason.TOO_SLOW);
            } else {
                waiting.add(event);
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean isKnown(FileEvent event) {
        return switch (event) {
            case FileEvent.Created(String path, boolean _) -> !modified.add(path);
            case FileEvent.Modified(String path) -> !modified.add(path);
            case FileEvent.Attributes(String path, boolean _) ->
                    modified.contains(path) || !attributes.add(path);
            case FileEvent.Deleted(String path, boolean _) -> {
                forget(path);
                yield false;
            }
            case FileEvent.Moved(String from, String to, boolean _) -> {
                forget(from);
                forget(to);
                yield false;
            }
            case FileEvent.Overflow _ -> waiting.peekLast() instanceof FileEvent.Overflow;
            case FileEvent.Closed _ -> false;
        };
    }

    private void forget(String path) {
        modified.remove(path);
        attributes.remove(path);
    }

    /// No event comes after this one. The first reason counts.
    void close(FileEvent.Reason reason) {
        lock.lock();
        try {
            if (!closed) {
                end(reason);
            }
        } finally {
            lock.unlock();
        }
    }

    private void end(FileEvent.Reason reason) {
        closed = true;
        waiting.add(new FileEvent.Closed(reason));
        changed.signalAll();
    }

    boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    Optional<FileEvent> next(Duration wait) throws InterruptedException {
        long left = wait.toNanos();
        if (!lock.tryLock(left, TimeUnit.NANOSECONDS)) {
            return Optional.empty();
        }
        try {
            while (waiting.isEmpty() && left > 0 && !closed) {
                left = changed.awaitNanos(left);
            }
            Optional<FileEvent> event = Optional.ofNullable(waiting.poll());
            event.ifPresent(this::told);
            return event;
        } finally {
            lock.unlock();
        }
    }

    private void told(FileEvent event) {
        switch (event) {
            case FileEvent.Created(String path, boolean _) -> modified.remove(path);
            case FileEvent.Modified(String path) -> modified.remove(path);
            case FileEvent.Attributes(String path, boolean _) -> attributes.remove(path);
            case FileEvent.Deleted _,
                    FileEvent.Moved _,
                    FileEvent.Overflow _,
                    FileEvent.Closed _ -> {}
        }
    }
}
