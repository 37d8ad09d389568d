package dev.carrel.wire;

import java.time.Instant;
import java.util.Optional;

/// An entry of a sandbox's file system. `type` is `file`, `directory`, `symlink` or `other`; `mode`
/// is octal, such as `0644`; `owner` and `group` are ids as seen inside. A name that is not UTF-8
/// is shown with U+FFFD in it: `urlPath` is then there and has the path as it must stand in a URL.
public record FileInfo(
        String path,
        String type,
        long sizeBytes,
        String mode,
        int owner,
        int group,
        Instant modifiedAt,
        Optional<String> linkTarget,
        Optional<String> urlPath) {}
