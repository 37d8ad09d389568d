package dev.carrel.session;

import dev.carrel.agent.Delta;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What waits for one reader, bounded: a reader that lets more than this gather is dropped. Pieces
/// of text that follow each other are joined while they wait, so that a burst of small ones does
/// not drop anybody.
final class ReaderQueue {
    static final int ITEMS_MAX = 1024;
    static final int LIVE_CHARS_MAX = 2 << 20;
    private static final int JOINED_CHARS_MAX = 8 << 10;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<StreamItem> items = new ArrayDeque<>(); // guarded by lock
    private int liveChars; // guarded by lock
    private @Nullable Supplier<CarrelException> failure; // guarded by lock

    void offer(StreamItem item) {
        lock.lock();
        try {
            if (failure != null) {
                return;
            }
            add(item);
            if (items.size() > ITEMS_MAX || liveChars > LIVE_CHARS_MAX) {
                failWith(ReaderQueue::tooSlow);
            }
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /// The first failure counts.
    void fail(Supplier<CarrelException> why) {
        lock.lock();
        try {
            if (failure == null) {
                failWith(why);
                changed.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    void dropLive() {
        lock.lock();
        try {
            items.removeIf(StreamItem.Live.class::isInstance);
            liveChars = 0;
        } finally {
            lock.unlock();
        }
    }

    /// The next item, or empty when none came in time.
    Optional<StreamItem> take(long nanos) throws InterruptedException {
        long rest = nanos;
        lock.lockInterruptibly();
        try {
            while (items.isEmpty() && failure == null && rest > 0) {
                rest = changed.awaitNanos(rest);
            }
            throwIfFailed();
            Optional<StreamItem> item = Optional.ofNullable(items.poll());
            item.ifPresent(taken -> liveChars -= chars(taken));
            return item;
        } finally {
            lock.unlock();
        }
    }

    void throwIfFailed() {
        lock.lock();
        try {
            if (failure != null) {
                throw failure.get();
            }
        } finally {
            lock.unlock();
        }
    }

    private void failWith(Supplier<CarrelException> why) {
        failure = why;
        items.clear();
        liveChars = 0;
    }

    private void add(StreamItem item) {
        liveChars += chars(item);
        Optional<StreamItem> joined =
                items.isEmpty() ? Optional.empty() : join(items.getLast(), item);
        if (joined.isPresent()) {
            items.removeLast();
        }
        items.add(joined.orElse(item));
    }

    private static Optional<StreamItem> join(StreamItem before, StreamItem after) {
        if (!(before instanceof StreamItem.Live a)
                || !(after instanceof StreamItem.Live b)
                || !a.turn().equals(b.turn())
                || chars(a) + chars(b) > JOINED_CHARS_MAX) {
            return Optional.empty();
        }
        return join(a.delta(), b.delta()).map(delta -> new StreamItem.Live(a.turn(), delta));
    }

    private static Optional<Delta> join(Delta before, Delta after) {
        return switch (after) {
            case Delta.Text(String text) when before instanceof Delta.Text(String head) ->
                    Optional.of(new Delta.Text(head + text));
            case Delta.Reasoning(String text) when before instanceof Delta.Reasoning(String head) ->
                    Optional.of(new Delta.Reasoning(head + text));
            case Delta.ToolArguments b
                    when before instanceof Delta.ToolArguments a && a.callId().equals(b.callId()) ->
                    Optional.of(
                            new Delta.ToolArguments(b.callId(), b.tool(), a.delta() + b.delta()));
            case Delta.ToolOutput b
                    when before instanceof Delta.ToolOutput a && a.callId().equals(b.callId()) ->
                    Optional.of(new Delta.ToolOutput(b.callId(), a.text() + b.text()));
            case Delta.Text d -> Optional.empty();
            case Delta.Reasoning d -> Optional.empty();
            case Delta.ToolArguments d -> Optional.empty();
            case Delta.ToolOutput d -> Optional.empty();
            case Delta.Restarted d -> Optional.empty();
        };
    }

    private static int chars(StreamItem item) {
        return switch (item) {
            case StreamItem.Recorded entry -> 0; // shared by all readers and by the database
            case StreamItem.Live live ->
                    switch (live.delta()) {
                        case Delta.Text d -> d.text().length();
                        case Delta.Reasoning d -> d.text().length();
                        case Delta.ToolArguments d -> d.delta().length();
                        case Delta.ToolOutput d -> d.text().length();
                        case Delta.Restarted d -> 0;
                    };
        };
    }

    private static CarrelException tooSlow() {
        return new CarrelException(
                ErrorCode.UNAVAILABLE,
                "this reader was dropped because it fell behind by more than "
                        + ITEMS_MAX
                        + " items or "
                        + LIVE_CHARS_MAX
                        + " characters: read on from the last sequence number that it saw");
    }
}
