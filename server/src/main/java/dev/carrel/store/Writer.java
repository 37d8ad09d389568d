package dev.carrel.store;

import dev.carrel.error.ErrorCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The one thread that writes. While it syncs one transaction to disk, writes gather in the queue;
/// the next transaction takes them all, each under a savepoint of its own, and one sync serves them
/// all. It is a platform thread: a sync would hold a virtual thread's carrier.
final class Writer implements AutoCloseable {
    static final int QUEUE_MAX = 4096;
    static final int BATCH_MAX = 256;
    private static final Duration QUEUE_WAIT_MAX = Duration.ofSeconds(10);
    private static final Duration COMMIT_WAIT_MAX = Duration.ofSeconds(60);
    private static final Duration CLOSE_WAIT_MAX = Duration.ofSeconds(30);
    private static final Logger LOG = LoggerFactory.getLogger(Writer.class);

    private final Dialect dialect;
    private final WriteFaults faults;
    private final WriteQueue queue = new WriteQueue(QUEUE_MAX);
    private final Thread thread;

    /// Keeps the database open while [#link] is replaced: who opens it as the only one takes what
    /// stands in its log for committed, whether it was synced or not.
    private final Link anchor;

    /// Null after a failure that leaves the connection in doubt; only the thread touches it.
    private @Nullable Link link;

    Writer(Dialect dialect, WriteFaults faults) {
        this.dialect = dialect;
        this.faults = faults;
        this.anchor = new Link(dialect.openWriter());
        this.link = new Link(dialect.openWriter());
        this.thread = Thread.ofPlatform().name("carrel-store-writer").daemon().start(this::loop);
    }

    <T> T run(Work<T> work) {
        var write = new PendingWrite<>(work);
        queue.add(write, QUEUE_WAIT_MAX);
        if (!write.await(COMMIT_WAIT_MAX)) {
            throw overdue(queue.remove(write));
        }
        return write.outcome();
    }

    int queued() {
        return queue.size();
    }

    private static StoreException overdue(boolean takenBack) {
        return new StoreException(
                ErrorCode.UNAVAILABLE,
                "the database did not answer within "
                        + COMMIT_WAIT_MAX.toSeconds()
                        + " s; "
                        + (takenBack
                                ? "nothing was changed: retry later"
                                : "whether the change was made is not known: look before you"
                                        + " retry"));
    }

    private void loop() {
        for (var batch = queue.take(BATCH_MAX); !batch.isEmpty(); batch = queue.take(BATCH_MAX)) {
            commit(batch);
        }
        disconnect();
        close(anchor);
    }

    /// Settles every write of the batch, whatever happens.
    private void commit(List<PendingWrite<?>> batch) {
        var unsettled = new ArrayList<>(batch);
        boolean committed = false;
        try {
            Link current = connect();
            current.execute(Dialect.BEGIN_WRITE);
            batch.forEach(write -> runAlone(current, write, unsettled));
            faults.at(WriteFaults.Moment.COMMIT);
            current.execute("COMMIT");
            committed = true;
            faults.at(WriteFaults.Moment.COMMITTED);
        } catch (Throwable e) {
            boolean undone = !committed && undo(e);
            var known = undone ? Dialect.translate(e) : Dialect.translateUnknown(e);
            unsettled.forEach(write -> write.fail(known.map(Throwable.class::cast).orElse(e)));
            return;
        }
        unsettled.forEach(PendingWrite::succeed);
    }

    /// The engine may have ended the transaction by itself. Closing the connection undoes what is
    /// left of it; not what stands in the log already, whole, because only its sync has failed:
    /// nobody sees that now, but whoever opens the database after a crash takes it for committed.
    /// The next transaction is written over it, so one that changes nothing follows at once. False
    /// when that fails, too, and nobody knows what will be there.
    private boolean undo(Throwable failure) {
        disconnect();
        if (!Dialect.mayBeInLog(failure)) {
            return true;
        }
        try {
            connect().execute(Dialect.WRITE_NOTHING);
            return true;
        } catch (RuntimeException e) {
            LOG.warn("the disk of the database fails", e);
            disconnect();
            return false;
        }
    }

    /// Throws only when the whole transaction is lost.
    private void runAlone(Link link, PendingWrite<?> write, List<PendingWrite<?>> unsettled) {
        link.execute("SAVEPOINT work");
        try {
            faults.at(WriteFaults.Moment.WORK);
            write.run(link);
        } catch (Throwable e) {
            if (Dialect.translate(e).isPresent()) {
                throw e;
            }
            link.execute("ROLLBACK TO SAVEPOINT work");
            unsettled.remove(write);
            write.fail(e);
        }
        link.execute("RELEASE SAVEPOINT work");
    }

    private Link connect() {
        if (link == null) {
            link = new Link(dialect.openWriter());
        }
        return link;
    }

    private void disconnect() {
        if (link != null) {
            close(link);
            link = null;
        }
    }

    private static void close(Link link) {
        try {
            link.close();
        } catch (RuntimeException e) {
            LOG.warn("the writer's database connection did not close", e);
        }
    }

    @Override
    public void close() {
        queue.close();
        try {
            if (!thread.join(CLOSE_WAIT_MAX)) {
                LOG.error("the database writer is stuck; waiting writes may be lost");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
