package dev.carrel.sandbox;

import java.io.InputStream;

/// A regular file that is open for reading: whatever is done to its name, this stays the same file.
/// For one thread; whoever opened it closes it.
public interface OpenFile extends AutoCloseable {
    /// What it was when it was opened.
    FileStat stat();

    /// Changes whenever the content does, as far as size, time of modification and identity of the
    /// file tell.
    String version();

    /// Reads from byte `offset`, which may be beyond the end. Closing the stream closes the file.
    InputStream from(long offset);

    @Override
    void close();
}
