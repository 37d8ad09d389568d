package dev.carrel.process;

import java.time.Instant;

/// What `statx` tells of a file. `mode` holds type and permission bits; `device` is unique on the
/// host while the file system is mounted. `changedAt` moves with every change of content or
/// attributes, and nobody can set it.
public record FileInfo(
        int mode,
        int owner,
        int group,
        long sizeBytes,
        long inode,
        int links,
        long device,
        Instant modifiedAt,
        Instant changedAt) {
    private static final int TYPE = 0170000;

    public boolean isFile() {
        return (mode & TYPE) == 0100000;
    }

    public boolean isDirectory() {
        return (mode & TYPE) == 0040000;
    }

    public boolean isSymlink() {
        return (mode & TYPE) == 0120000;
    }

    /// The permission bits, with set-user-id, set-group-id and sticky.
    public int permissions() {
        return mode & 07777;
    }

    /// Whether both describe the same file at the time they were taken.
    public boolean isSameFileAs(FileInfo other) {
        return inode == other.inode && device == other.device;
    }
}
