package dev.carrel.build;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.FileStat;
import dev.carrel.sandbox.SandboxFiles;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/// The files below one directory of a sandbox, as if that were all there is: `..` and links,
/// absolute ones too, never lead out of it. Nothing else may change them meanwhile. `top` has no
/// slash at its end.
record Rooted(SandboxFiles files, String top) {
    private static final int LINKS_MAX = 40;

    /// What a path leads to, never a link. `path` is below `top` and has no link in it; that of
    /// `top` itself is empty.
    record Found(String path, FileStat stat) {
        boolean isDirectory() {
            return stat.type() == FileStat.Type.DIRECTORY;
        }
    }

    /// Follows a path from a directory that was found. Absent where there is nothing, or only links
    /// to links without end.
    Optional<Found> find(String from, String path) {
        Deque<String> left = new ArrayDeque<>();
        push(left, path);
        String at = from;
        int links = 0;
        while (!left.isEmpty()) {
            String part = left.pop();
            if (part.equals("..")) {
                at = at.substring(0, Math.max(0, at.lastIndexOf('/')));
            } else if (!part.isEmpty() && !part.equals(".")) {
                String next = at + "/" + part;
                Optional<FileStat> stat = stat(next);
                if (stat.isEmpty() || links > LINKS_MAX) {
                    return Optional.empty();
                }
                if (stat.get().type() == FileStat.Type.SYMLINK) {
                    String target = stat.get().linkTarget().orElse("");
                    at = target.startsWith("/") ? "" : at;
                    push(left, target);
                    links++;
                } else {
                    at = next;
                }
            }
        }
        String end = at;
        return stat(end).map(stat -> new Found(end, stat));
    }

    private static void push(Deque<String> left, String path) {
        String[] parts = path.split("/");
        for (int i = parts.length - 1; i >= 0; i--) {
            left.push(parts[i]);
        }
    }

    private Optional<FileStat> stat(String path) {
        try {
            return Optional.of(files.stat(inSandbox(path)));
        } catch (CarrelException e) {
            if (e.code() == ErrorCode.FILE_NOT_FOUND || e.code() == ErrorCode.CONFLICT) {
                return Optional.empty(); // or below what is no directory
            }
            throw e;
        }
    }

    /// A path that was found, as the sandbox has it.
    String inSandbox(String path) {
        return top.isEmpty() && path.isEmpty() ? "/" : top + path;
    }
}
