package dev.carrel.sandbox;

import java.io.IOException;
import java.io.InputStream;

/// Puts entries of one tree into an archive, in constant memory but for what the format itself
/// collects.
interface ArchiveWriter extends AutoCloseable {
    /// A file of exactly `size` bytes.
    void file(TreeEntry entry, long size, InputStream content) throws IOException;

    /// A directory or a link.
    void other(TreeEntry entry) throws IOException;

    /// Ends the archive. Without it, the archive is not whole.
    void finish() throws IOException;

    /// Lets go of what the compression holds.
    @Override
    void close();
}
