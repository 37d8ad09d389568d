package dev.carrel.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ToolSpec;
import dev.carrel.sandbox.FileStat;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// `glob`: files by name.
final class GlobTool implements Tool {
    static final int FILES_MAX = 500;

    private static final ToolSpec SPEC =
            new Schema()
                    .text(
                            "pattern",
                            "For example src/**/*.py or *.{ts,tsx}; without a slash it means names"
                                    + " in any directory")
                    .text("path", "Where to look; default the working directory")
                    .spec(
                            "glob",
                            "Finds files by name, at most "
                                    + FILES_MAX
                                    + ", in the order of their paths. Leaves out what is in .git,"
                                    + " node_modules and the like, unless the pattern names it.",
                            "pattern");

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
        String pattern = arguments.path("pattern").asText();
        String path = arguments.path("path").asText(".");
        int wild = firstWild(pattern);
        if (pattern.startsWith("/")) { // Absolute: look where its fixed part ends.
            int slash = pattern.lastIndexOf('/', wild);
            path = pattern.substring(0, Math.max(1, slash));
            pattern = "./" + pattern.substring(slash + 1);
        }
        try {
            return find(new Glob(pattern), SandboxPath.resolve(context, path), context);
        } catch (IllegalArgumentException e) {
            return ToolResult.error("the pattern is not usable: " + e.getMessage());
        }
    }

    private static int firstWild(String pattern) {
        int i = 0;
        while (i < pattern.length() && "*?[{".indexOf(pattern.charAt(i)) < 0) {
            i++;
        }
        return i;
    }

    private static ToolResult find(Glob glob, String root, ToolContext context) {
        var walk = new FileWalk(context, Set.copyOf(glob.parts()));
        int prefix = root.equals("/") ? 1 : root.length() + 1;
        List<String> found = new ArrayList<>();
        try {
            walk.walk(
                    root,
                    entry -> {
                        if (entry.type() != FileStat.Type.DIRECTORY
                                && glob.matches(entry.path().substring(prefix))) {
                            found.add(SandboxPath.show(context, entry.path()));
                        }
                        return found.size() <= FILES_MAX;
                    });
        } catch (CarrelException e) {
            if (e.code() == ErrorCode.CONFLICT) {
                return ToolResult.error(e.text() + " (path is the directory to look in)");
            }
            return SandboxPath.failure(e, context, root);
        }
        return ToolResult.ok(text(found, walk.complete()));
    }

    private static String text(List<String> found, boolean complete) {
        String note =
                found.size() > FILES_MAX
                        ? "\n[there are more: make the pattern narrower]"
                        : complete ? "" : "\n[not everything was looked at: give a path]";
        return found.isEmpty()
                ? "no file matches" + note
                : String.join("\n", found.subList(0, Math.min(found.size(), FILES_MAX))) + note;
    }
}
