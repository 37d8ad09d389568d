package dev.carrel.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ToolSpec;
import dev.carrel.sandbox.FileStat;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/// `list`: what is in a directory.
final class ListTool implements Tool {
    static final int ENTRIES_MAX = 1_000;

    private static final ToolSpec SPEC =
            new Schema()
                    .text("path", "The directory; default the working directory")
                    .flag("recursive", "Also what is in its directories; default false")
                    .spec(
                            "list",
                            "Lists a directory. Directories end with a slash. Recursion leaves out"
                                    + " what is in .git, node_modules and the like.");

    @Override
    public ToolSpec spec() {
        return SPEC;
    }

    @Override
    public boolean readOnly() {
        return true;
    }

    @Override
    public ToolResult run(ObjectNode arguments, ToolContext context) {
        String path = SandboxPath.resolve(context, arguments.path("path").asText("."));
        boolean recursive = arguments.path("recursive").asBoolean();
        var walk = new FileWalk(context, Set.of());
        List<String> lines = new ArrayList<>();
        Predicate<FileStat> visitor =
                entry -> lines.size() <= ENTRIES_MAX && lines.add(line(context, walk, entry));
        try {
            if (recursive) {
                walk.walk(path, visitor);
            } else {
                for (FileStat entry : context.files().list(path, false, ENTRIES_MAX)) {
                    lines.add(line(context, walk, entry));
                }
            }
        } catch (CarrelException e) {
            if (e.code() == ErrorCode.CONFLICT) {
                return ToolResult.error(e.text() + " (read shows files)");
            }
            return SandboxPath.failure(e, context, path);
        }
        return ToolResult.ok(text(path, lines, walk.complete()));
    }

    private static String text(String path, List<String> lines, boolean complete) {
        if (lines.isEmpty()) {
            return "(" + path + " is empty)";
        }
        boolean more = lines.size() > ENTRIES_MAX || !complete;
        return String.join("\n", lines.subList(0, Math.min(lines.size(), ENTRIES_MAX)))
                + (more ? "\n[there is more: list a directory below, or use glob]" : "");
    }

    private static String line(ToolContext context, FileWalk walk, FileStat entry) {
        String path = SandboxPath.show(context, entry.path());
        return switch (entry.type()) {
            case FILE -> path + " (" + entry.sizeBytes() + " bytes)";
            case DIRECTORY -> path + (walk.skips(entry) ? "/ (not shown)" : "/");
            case SYMLINK -> path + " -> " + entry.linkTarget().orElse("?");
            case OTHER -> path + " (special file)";
        };
    }
}
