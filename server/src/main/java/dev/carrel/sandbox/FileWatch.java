package dev.carrel.sandbox;

import java.time.Duration;
import java.util.Optional;

/// Events of a directory, from the moment on that this was made. Closing it, which any thread may
/// do and more than once, ends it.
public interface FileWatch extends AutoCloseable {
    /// The next event; empty when there is none within `wait`. After [FileEvent.Closed] there is
    /// none any more.
    Optional<FileEvent> next(Duration wait) throws InterruptedException;

    /// Whether nothing happens any more but that the last events are taken.
    boolean isEnded();

    @Override
    void close();
}
