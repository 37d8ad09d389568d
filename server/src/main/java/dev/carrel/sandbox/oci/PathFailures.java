package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.FileNames;
import dev.carrel.process.LinuxException;

/// What callers are told when something about a path of a sandbox fails.
final class PathFailures {
    private PathFailures() {}

    static CarrelException of(String path, LinuxException cause) {
        return switch (cause.errno()) {
            case ENOENT -> failure(ErrorCode.FILE_NOT_FOUND, path, "does not exist", cause);
            case ENOTDIR ->
                    failure(ErrorCode.CONFLICT, path, "leads through what is no directory", cause);
            case EISDIR -> failure(ErrorCode.CONFLICT, path, "is a directory", cause);
            case EEXIST -> failure(ErrorCode.CONFLICT, path, "exists already", cause);
            case ENOTEMPTY, EAGAIN ->
                    failure(ErrorCode.CONFLICT, path, "keeps changing: try again", cause);
            case ENAMETOOLONG ->
                    failure(ErrorCode.INVALID_PATH, path, "has a name above 255 bytes", cause);
            case ELOOP ->
                    failure(ErrorCode.INVALID_PATH, path, "goes in circles or leads out", cause);
            case EROFS ->
                    failure(ErrorCode.FORBIDDEN, path, "is on a read-only file system", cause);
            case EBUSY, EXDEV ->
                    failure(ErrorCode.FORBIDDEN, path, "is or contains a mount", cause);
            case EPERM, EACCES -> failure(ErrorCode.FORBIDDEN, path, "may not be changed", cause);
            case ENOSPC, EDQUOT ->
                    failure(
                            ErrorCode.SANDBOX_DISK_FULL,
                            path,
                            "does not fit: the sandbox's disk is full; delete something or ask for"
                                    + " a larger disk",
                            cause);
            default ->
                    failure(
                            ErrorCode.SANDBOX_FAILED,
                            path,
                            "cannot be reached; the server's log says why",
                            cause);
        };
    }

    static CarrelException invalid(String path, String why) {
        return new CarrelException(ErrorCode.INVALID_PATH, shown(path) + " " + why);
    }

    static CarrelException conflict(String path, String why) {
        return new CarrelException(ErrorCode.CONFLICT, shown(path) + " " + why);
    }

    private static CarrelException failure(
            ErrorCode code, String path, String why, LinuxException cause) {
        return new CarrelException(code, shown(path) + " " + why, cause);
    }

    private static String shown(String path) {
        String text = FileNames.shown(path).replace('\0', '\uFFFD');
        return text.length() <= 200 ? text : text.substring(0, 200) + "…";
    }
}
