package dev.carrel.store;

import dev.carrel.error.ErrorCode;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jdbi.v3.core.Handle;

/// The database. Durable: when [#write] returns, its changes survive kill -9 and power loss.
///
/// Any thread may call it. One thread of its own runs all writes, in the order they came; reads run
/// on their callers' threads. Nothing is retried: a call that fails has changed nothing, except
/// where its message says that this is not known.
///
/// The SQL of all packages is what both SQLite and PostgreSQL take: columns of text, bigint and
/// smallint (flags as 0 or 1), instants as [Micros], `on conflict` instead of caught violations.
/// What differs between engines stands in `Dialect`.
public final class Store implements AutoCloseable {
    private static final ScopedValue<Store> INSIDE = ScopedValue.newInstance();

    private final HomeLock lock;
    private final Readers readers;
    private final Writer writer;
    private final AtomicBoolean closed = new AtomicBoolean();

    private final Vault vault;

    private Store(HomeLock lock, Readers readers, Writer writer, Vault vault) {
        this.vault = vault;
        this.lock = lock;
        this.readers = readers;
        this.writer = writer;
    }

    /// Opens, and migrates where needed, the SQLite database in `file`, whose folder exists. Fails
    /// with `CONFLICT` when another process has it open, with `DISK_FULL` when there is no room.
    public static Store open(Path file) {
        return open(file, WriteFaults.NONE);
    }

    static Store open(Path file, WriteFaults faults) {
        HomeLock lock = HomeLock.acquire(file);
        try {
            var dialect = new Dialect(file);
            Migrations.run(dialect);
            return new Store(lock, new Readers(dialect), new Writer(dialect, faults), vault(file));
        } catch (RuntimeException | Error e) {
            lock.close();
            throw e;
        }
    }

    private static Vault vault(Path file) {
        return new Vault(file.resolveSibling("keys").resolve("vault"));
    }

    /// For secrets that rows hold.
    public Vault vault() {
        return vault;
    }

    /// Runs a query; sees every write that returned before, and one state of the database however
    /// many statements it makes. Fails with `UNAVAILABLE` when too many readers were there before.
    public <T> T read(Work<T> work) {
        requireOutside();
        return readers.run(handle -> inside(work, handle));
    }

    /// Runs changes in a transaction of their own and makes them durable; writers that wait
    /// together share one sync. What `work` throws rolls back its changes alone and comes out of
    /// this call. An interrupt does not end the wait, so that the outcome is known. Fails with
    /// `DISK_FULL`, after which the next write may succeed, or `UNAVAILABLE` when the queue does
    /// not move. After a sync that failed nothing was changed, crash or not, unless the message
    /// says that it is not known: then the disk failed again at once.
    public <T> T write(Work<T> work) {
        requireOutside();
        return writer.run(handle -> inside(work, handle));
    }

    /// Finishes the writes that wait, then closes; calls that come later fail with `UNAVAILABLE`.
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            try (lock) {
                readers.close();
                writer.close();
            }
        }
    }

    /// Writes that wait for the writer's thread now.
    int queued() {
        return writer.queued();
    }

    static StoreException closing() {
        return new StoreException(
                ErrorCode.UNAVAILABLE,
                "the database is closed because the server is stopping; retry when it is back");
    }

    private <T> T inside(Work<T> work, Handle handle) {
        return ScopedValue.where(INSIDE, this).call(() -> work.run(handle));
    }

    private void requireOutside() {
        if (INSIDE.isBound() && INSIDE.get() == this) {
            throw new IllegalStateException("a Work called the store again: use its handle");
        }
    }
}
