package dev.carrel.tool;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.error.Nearest;
import dev.carrel.sandbox.FileStat;
import dev.carrel.sandbox.SandboxFiles;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;

/// Paths as a model writes and reads them: relative to the working directory where that is shorter.
final class SandboxPath {
    private static final int SIBLINGS_MAX = 1_000;

    private SandboxPath() {}

    /// The absolute path, without `.` and doubled slashes. `..` stays: only the sandbox knows where
    /// links lead.
    static String resolve(ToolContext context, String path) {
        return resolve(context.directory(), path);
    }

    static String resolve(String directory, String path) {
        String absolute = path.startsWith("/") ? path : directory + "/" + path;
        var result = new StringBuilder();
        for (String part : absolute.split("/")) {
            if (!part.isEmpty() && !part.equals(".")) {
                result.append('/').append(part);
            }
        }
        return result.isEmpty() ? "/" : result.toString();
    }

    /// Where an absolute path leads if no link is on its way.
    static String withoutParents(String absolute) {
        var parts = new ArrayDeque<String>();
        for (String part : absolute.split("/")) {
            if (part.equals("..")) {
                parts.pollLast();
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.addLast(part);
            }
        }
        return "/" + String.join("/", parts);
    }

    /// The shortest path that [#resolve] takes back.
    static String show(ToolContext context, String absolute) {
        String directory = context.directory();
        if (absolute.equals(directory)) {
            return ".";
        }
        return absolute.startsWith(directory + "/")
                ? absolute.substring(directory.length() + 1)
                : absolute;
    }

    /// The result for a file that a tool could not open: with the nearest name that is there.
    static ToolResult failure(CarrelException e, ToolContext context, String absolute) {
        if (e.code() != ErrorCode.FILE_NOT_FOUND) {
            throw e;
        }
        String hint =
                near(context.files(), absolute)
                        .map(near -> "; did you mean " + show(context, near) + "?")
                        .orElse("");
        return ToolResult.error(
                "there is no " + absolute + hint + " (list and glob show what there is)");
    }

    private static Optional<String> near(SandboxFiles files, String absolute) {
        String parent = absolute.substring(0, Math.max(1, absolute.lastIndexOf('/')));
        try {
            List<String> siblings =
                    files.list(parent, false, SIBLINGS_MAX).stream().map(FileStat::path).toList();
            return Nearest.to(absolute, siblings);
        } catch (CarrelException _) {
            return Optional.empty(); // No such directory either: then there is nothing to offer.
        }
    }
}
