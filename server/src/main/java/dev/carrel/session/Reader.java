package dev.carrel.session;

import dev.carrel.error.CarrelException;
import dev.carrel.store.Store;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.function.Supplier;

/// One reader of a session: first the entries that were there when it came, page by page from the
/// database, then what the hub gives. Entries are known by their numbers: one that was delivered
/// already is skipped, and a gap is filled from the database, where everything below a committed
/// entry is committed too.
final class Reader implements Subscription {
    private static final int PAGE = 256;

    /// What one reader may hold while its client takes nothing.
    private static final int PAGE_CHARS_MAX = 256 << 10;

    private final Store store;
    private final Hub hub;
    private final SessionKey session;
    private final ReaderQueue queue = new ReaderQueue();
    private final ArrayDeque<StreamItem.Recorded> page = new ArrayDeque<>();
    private long last;
    private long stored; // entries up to this one are taken from the database

    private Reader(Store store, Hub hub, SessionKey session, long after) {
        this.store = store;
        this.hub = hub;
        this.session = session;
        this.last = after;
        this.stored = after;
    }

    /// The order is what matters: to listen before looking at the database loses nothing, and the
    /// live pieces that came before the look may belong to an entry that the look has found.
    static Reader open(Store store, Hub hub, SessionKey session, long after) {
        var reader = new Reader(store, hub, session, after);
        hub.add(session.id(), reader);
        try {
            reader.stored = store.read(handle -> SessionRows.require(handle, session).lastEvent());
        } catch (RuntimeException e) {
            reader.close();
            throw e;
        }
        reader.queue.dropLive();
        return reader;
    }

    @Override
    public Optional<StreamItem> next(Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (true) {
            if (last < stored) {
                queue.throwIfFailed();
                return Optional.of(fromDatabase());
            }
            Optional<ReaderQueue.Waiting> next = queue.take(deadline - System.nanoTime());
            if (next.isEmpty()) {
                return Optional.empty();
            }
            switch (next.get()) {
                case ReaderQueue.Waiting.Stored(long upTo) -> stored = Math.max(stored, upTo);
                case ReaderQueue.Waiting.Item(StreamItem.Live live) -> {
                    return Optional.of(live);
                }
                case ReaderQueue.Waiting.Item(StreamItem.Recorded entry) -> {
                    stored = Math.max(stored, entry.seq());
                    if (entry.seq() == last + 1) {
                        last = entry.seq();
                        return Optional.of(entry);
                    }
                }
            }
        }
    }

    /// Any thread.
    void offer(StreamItem item) {
        queue.offer(item);
    }

    /// Any thread. The next call of [#next] throws what `why` makes, whatever still waits.
    void fail(Supplier<CarrelException> why) {
        queue.fail(why);
    }

    @Override
    public void close() {
        hub.remove(session.id(), this);
    }

    private StreamItem fromDatabase() {
        if (page.isEmpty()) {
            page.addAll(
                    store.read(handle ->
                            EventRows.between(
                                    handle,
                                    session.id(),
                                    last,
                                    stored,
                                    new EventRows.Bounds(PAGE, PAGE_CHARS_MAX))));
        }
        StreamItem.Recorded entry = page.poll();
        if (entry == null) {
            throw session.notFound(); // it was there: deleted since
        }
        last = entry.seq();
        return entry;
    }
}
