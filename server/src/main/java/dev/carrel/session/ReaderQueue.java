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
/// not drop anybody. Of many entries only the numbers wait: they are in the database.
final class ReaderQueue {
    static final int ITEMS_MAX = 1024;
    static final int ENTRIES_MAX = 16;
    static final int LIVE_CHARS_MAX = 2 << 20;

    /// What a reader gets next.
    sealed interface Waiting {
        record Item(StreamItem item) implements Waiting {}

        /// Entries up to this number, which are to be read from the database.
        record Stored(long upTo) implements Waiting {}
    }

    private static final int JOINED_CHARS_MAX = 8 << 10;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Waiting> items = new ArrayDeque<>(); // guarded by lock
    private int entries; // whole ones among the items; guarded by lock
    private int liveChars; // guarded by lock
    private @Nullable Supplier<CarrelException> failure; // guarded by lock

    void offer(StreamItem item) {
        lock.lock();
        try {
            if (failure != null) {
                return;
            }
            switch (item) {
                case StreamItem.Recorded entry -> add(entry);
                case StreamItem.Live live -> add(live);
            }
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
            items.removeIf(ReaderQueue::isLive);
            liveChars = 0;
        } finally {
            lock.unlock();
        }
    }

    /// The next item, or empty when none came in time.
    Optional<Waiting> take(long nanos) throws InterruptedException {
        long rest = nanos;
        lock.lockInterruptibly();
        try {
            while (items.isEmpty() && failure == null && rest > 0) {
                rest = changed.awaitNanos(rest);
            }
            throwIfFailed();
            Optional<Waiting> next = Optional.ofNullable(items.poll());
            next.ifPresent(this::forget);
            return next;
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
        entries = 0;
        liveChars = 0;
    }

    private void forget(Waiting taken) {
        if (taken instanceof Waiting.Item(StreamItem item)) {
            switch (item) {
                case StreamItem.Recorded _ -> entries--;
                case StreamItem.Live live -> liveChars -= chars(live);
            }
        }
    }

    private void add(StreamItem.Recorded entry) {
        if (entries < ENTRIES_MAX) {
            entries++;
            items.add(new Waiting.Item(entry));
            return;
        }
        long before = items.getLast() instanceof Waiting.Stored(long upTo) ? upTo : 0;
        if (before > 0) {
            items.removeLast();
        }
        items.add(new Waiting.Stored(Math.max(before, entry.seq())));
    }

    private void add(StreamItem.Live item) {
        liveChars += chars(item);
        Optional<StreamItem.Live> joined =
                items.isEmpty() ? Optional.empty() : join(items.getLast(), item);
        if (joined.isPresent()) {
            items.removeLast();
        }
        items.add(new Waiting.Item(joined.orElse(item)));
    }

    private static boolean isLive(Waiting waiting) {
        return waiting instanceof Waiting.Item(StreamItem.Live _);
    }

    private static Optional<StreamItem.Live> join(Waiting before, StreamItem.Live after) {
        if (!(before instanceof Waiting.Item(StreamItem.Live last))
                || !last.turn().equals(after.turn())
                || chars(last) + chars(after) > JOINED_CHARS_MAX) {
            return Optional.empty();
        }
        return join(last.delta(), after.delta())
                .map(delta -> new StreamItem.Live(last.turn(), delta));
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

    private static int chars(StreamItem.Live live) {
        return switch (live.delta()) {
            case Delta.Text d -> d.text().length();
            case Delta.Reasoning d -> d.text().length();
            case Delta.ToolArguments d -> d.delta().length();
            case Delta.ToolOutput d -> d.text().length();
            case Delta.Restarted _ -> 0;
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
