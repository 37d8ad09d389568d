package dev.carrel.session;

import java.time.Duration;
import java.util.Optional;

/// One reader of a session. Used by one thread.
public interface Subscription extends AutoCloseable {
    /// The next item in order, or empty when none came within `timeout`. Fails with `UNAVAILABLE`
    /// when this reader was too slow and has been dropped, or the server is stopping: read again
    /// from the last sequence number seen.
    Optional<StreamItem> next(Duration timeout) throws InterruptedException;

    @Override
    void close();
}
