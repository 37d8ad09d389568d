package dev.carrel.sandbox;

import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// The files of one running sandbox, seen as its root sees them: `..` and symbolic links, absolute
/// ones too, never lead out of it. Paths are absolute. All methods fail with `INVALID_PATH`
/// (relative, NUL, too long, `/proc`), `FILE_NOT_FOUND`, `CONFLICT` (not the kind of entry the call
/// needs), `SANDBOX_DISK_FULL`, or `FORBIDDEN` where the file system is read-only.
public interface SandboxFiles {
    /// More entries are not walked over, copied or changed in one call, which then fails with
    /// `CONFLICT`.
    int TREE_ENTRIES_MAX = 1_000_000;

    /// Directories below this depth are not entered; walks, copies and changes fail there.
    int TREE_DEPTH_MAX = 256;

    FileStat stat(String path);

    /// [#list(String, boolean, int, Optional)] from the start.
    default List<FileStat> list(String path, boolean recursive, int limit) {
        return list(path, recursive, limit, Optional.empty());
    }

    /// The entries of a directory, sorted by path, without the directory itself; at most `limit`,
    /// and one more if there are more, so that callers can tell. Depth 1 unless `recursive`;
    /// recursion does not follow links or leave the file system. With `after`, only entries whose
    /// path, as [FileStat#key] has it, sorts behind.
    List<FileStat> list(String path, boolean recursive, int limit, Optional<String> after);

    /// Opens a regular file, from byte `offset` (0 or more; beyond the end is empty). The caller
    /// closes it.
    default InputStream read(String path, long offset) {
        return open(path).from(offset);
    }

    /// Opens a regular file; the caller closes it.
    OpenFile open(String path);

    /// [#write(String, InputStream, FileAttributes)] with the attributes of the old file.
    default FileStat write(String path, InputStream content) {
        return write(path, content, FileAttributes.NONE);
    }

    /// Writes a file whole: parents are made, the old content stays until the new is complete.
    /// Follows a symbolic link at `path`. Attributes that are absent are those of the old file, but
    /// set-user-id. Returns what was written, under the name that was given.
    FileStat write(String path, InputStream content, FileAttributes attributes);

    /// Removes a file, link or directory with all in it.
    void delete(String path);

    /// Makes a directory and its parents; does nothing when it exists.
    void makeDirectory(String path);

    /// Sets attributes of an entry, and with `recursive` of all below it. Links are never followed
    /// below `path`, and of their attributes only owner and group are set.
    void change(String path, FileAttributes attributes, boolean recursive);

    /// Gives an entry another path, whose parents are made; also across file systems, by copying.
    /// What is at the new path is replaced if `overwrite`, and else the call fails with `CONFLICT`.
    CopyResult move(String from, String to, boolean overwrite);

    /// Copies a file, a link as such, or a tree with modes, owners and times. The copy appears
    /// whole or not at all. `overwrite` as with [#move]. Hard links become files of their own.
    CopyResult copy(String from, String to, boolean overwrite);

    /// Shows the entry and all below it to `visitor`, parents first, in no other order. Files that
    /// are no regular ones are shown, too. Neither follows links nor leaves the file system.
    void walk(String path, TreeEntry.Visitor visitor);

    /// Makes a directory and its parents, and lets `work` write into it.
    void writeTree(String path, Consumer<TreeWriter> work);

    /// Watches a directory, and with `recursive` all below it. Fails with `UNAVAILABLE` where the
    /// host can watch no more. The caller closes it.
    FileWatch watch(String path, boolean recursive);
}
