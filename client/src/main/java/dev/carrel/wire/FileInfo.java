package dev.carrel.wire;

import java.time.Instant;
import java.util.Optional;

/// An entry of a sandbox's file system. `type` is `file`, `directory`, `symlink` or `other`; `mode`
/// is octal, such as `0644`; `owner` and `group` are ids as seen inside.
public record FileInfo(
        String path,
        String type,
        long sizeBytes,
        String mode,
        int owner,
        int group,
        Instant modifiedAt,
        Optional<String> linkTarget) {}
