package dev.carrel.sandbox;

import java.time.Instant;
import java.util.Optional;

/// One entry of a sandbox's file system; symbolic links are not followed. `mode` is the permission
/// bits, `owner` and `group` the ids as seen inside. `path` is absolute inside the sandbox.
public record FileStat(
        String path,
        Type type,
        long sizeBytes,
        int mode,
        int owner,
        int group,
        Instant modifiedAt,
        Optional<String> linkTarget) {
    /// What kind of entry it is; `OTHER` are devices, sockets and FIFOs.
    public enum Type {
        FILE,
        DIRECTORY,
        SYMLINK,
        OTHER
    }
}
