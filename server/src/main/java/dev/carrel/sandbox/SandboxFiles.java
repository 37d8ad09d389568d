package dev.carrel.sandbox;

import java.io.InputStream;
import java.util.List;

/// The files of one running sandbox, seen as its root sees them: `..` and symbolic links, absolute
/// ones too, never lead out of it. Paths are absolute. All methods fail with `INVALID_PATH`
/// (relative, NUL, too long, `/proc`), `FILE_NOT_FOUND`, `CONFLICT` (not the kind of entry the call
/// needs), `SANDBOX_DISK_FULL`, or `FORBIDDEN` where the file system is read-only.
public interface SandboxFiles {
    FileStat stat(String path);

    /// The entries of a directory, sorted by path, without the directory itself; at most `limit`,
    /// and one more if there are more, so that callers can tell. Depth 1 unless `recursive`;
    /// recursion does not follow links or leave the file system.
    List<FileStat> list(String path, boolean recursive, int limit);

    /// Opens a regular file, from byte `offset` (0 or more; beyond the end is empty). The caller
    /// closes it.
    InputStream read(String path, long offset);

    /// Writes a file whole: parents are made, the old content stays until the new is complete.
    /// Follows a symbolic link at `path`. Returns the bytes written.
    long write(String path, InputStream content);

    /// Removes a file, link or directory with all in it.
    void delete(String path);

    /// Makes a directory and its parents; does nothing when it exists.
    void makeDirectory(String path);
}
