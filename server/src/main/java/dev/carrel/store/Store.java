package dev.carrel.store;

import java.nio.file.Path;

/// The database. Durable: when [#write] returns, its changes survive kill -9 and power loss.
public final class Store implements AutoCloseable {
    /// Opens, and migrates where needed, the SQLite database in `file`.
    public static Store open(Path file) {
        throw new IllegalStateException("not built yet");
    }

    /// Runs a query; sees every write that returned before.
    public <T> T read(Work<T> work) {
        throw new IllegalStateException("not built yet");
    }

    /// Runs changes in a transaction of their own and makes them durable; writers that wait
    /// together share one sync. What `work` throws rolls back its changes alone and comes out of
    /// this call.
    public <T> T write(Work<T> work) {
        throw new IllegalStateException("not built yet");
    }

    @Override
    public void close() {
        throw new IllegalStateException("not built yet");
    }
}
