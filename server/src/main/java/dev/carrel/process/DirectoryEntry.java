package dev.carrel.process;

/// A name in a directory; `.` and `..` never appear. `type` is a hint of the file system and may be
/// `UNKNOWN`.
public record DirectoryEntry(String name, Type type) {
    /// What kind of file it is, as far as the directory tells.
    public enum Type {
        FILE,
        DIRECTORY,
        SYMLINK,
        OTHER,
        UNKNOWN
    }
}
