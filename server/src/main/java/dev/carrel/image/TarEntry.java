package dev.carrel.image;

import java.time.Instant;

/// One entry of a layer. Path and link are as written: not to be trusted. Owners are any number.
record TarEntry(
        Type type,
        String path,
        String link,
        int mode,
        long owner,
        long group,
        long sizeBytes,
        Instant modified) {
    /// `OTHER` stands for devices and pipes.
    enum Type {
        FILE,
        DIRECTORY,
        SYMLINK,
        HARD_LINK,
        OTHER
    }
}
