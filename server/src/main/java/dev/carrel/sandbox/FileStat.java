package dev.carrel.sandbox;

import dev.carrel.process.FileInfo;
import dev.carrel.process.FileNames;
import java.time.Instant;
import java.util.Optional;

/// One entry of a sandbox's file system; symbolic links are not followed. `mode` is the permission
/// bits, `owner` and `group` the ids as seen inside. `path` is absolute inside the sandbox and
/// always proper text; where the name is not, odd bytes are shown as U+FFFD and `rawPath` has the
/// path by which the entry can be reached, in the form of [FileNames].
public record FileStat(
        String path,
        Optional<String> rawPath,
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

    /// Of a path in the form of [FileNames]. `owner` and `group` are those inside.
    public static FileStat of(
            String path, FileInfo info, int owner, int group, Optional<String> linkTarget) {
        return new FileStat(
                FileNames.shown(path),
                FileNames.isText(path) ? Optional.empty() : Optional.of(path),
                type(info),
                info.sizeBytes(),
                info.permissions(),
                owner,
                group,
                info.modifiedAt(),
                linkTarget.map(FileNames::shown));
    }

    private static Type type(FileInfo info) {
        if (info.isFile()) {
            return Type.FILE;
        } else if (info.isDirectory()) {
            return Type.DIRECTORY;
        }
        return info.isSymlink() ? Type.SYMLINK : Type.OTHER;
    }

    /// The path that stands for this entry and no other.
    public String key() {
        return rawPath.orElse(path);
    }
}
