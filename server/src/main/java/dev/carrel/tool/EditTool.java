package dev.carrel.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.error.CarrelException;
import dev.carrel.model.ToolSpec;
import java.util.List;
import java.util.stream.Collectors;

/// `edit`: one passage of a file replaced by another.
final class EditTool implements Tool {
    static final int FILE_BYTES_MAX = 4 << 20;
    private static final int MATCHES_SHOWN_MAX = 20;

    private static final ToolSpec SPEC =
            new Schema()
                    .text("path", "The file")
                    .text(
                            "old_string",
                            "The passage to replace, exactly as in the file, with enough lines"
                                    + " around it to be the only one; without the line numbers"
                                    + " that read shows")
                    .text("new_string", "What to put in its place")
                    .flag("replace_all", "Replace every occurrence; default false")
                    .spec(
                            "edit",
                            "Replaces a passage of a text file. Line endings and a byte order mark"
                                    + " stay as they are.",
                            "path",
                            "old_string",
                            "new_string");

    @Override
    public ToolSpec spec() {
        return SPEC;
    }

    @Override
    public boolean readOnly() {
        return false;
    }

    @Override
    public ToolResult run(ObjectNode arguments, ToolContext context) {
        String path = SandboxPath.resolve(context, arguments.path("path").asText());
        try {
            return switch (TextFile.load(context.files(), path, FILE_BYTES_MAX)) {
                case TextFile.Unusable unusable ->
                        ToolResult.error(path + " " + unusable.reason() + "; change it with bash");
                case TextFile.Text file -> edit(file, path, arguments, context);
            };
        } catch (CarrelException e) {
            return SandboxPath.failure(e, context, path);
        }
    }

    private static ToolResult edit(
            TextFile.Text file, String path, ObjectNode arguments, ToolContext context) {
        var text = new EditableText(file.text());
        String wanted = text.plain(arguments.path("old_string").asText());
        String replacement = arguments.path("new_string").asText();
        if (wanted.isEmpty()) {
            return ToolResult.error(
                    "old_string is empty; write makes a new file, or give a passage to replace");
        }
        if (wanted.equals(text.plain(replacement))) {
            return ToolResult.error("old_string and new_string are the same");
        }
        List<Integer> found = text.find(wanted, MATCHES_SHOWN_MAX + 1);
        if (found.isEmpty()) {
            return ToolResult.error(
                    "old_string is not in " + path + ". " + Mismatch.hint(text.plain(), wanted));
        }
        if (found.size() > 1 && !arguments.path("replace_all").asBoolean()) {
            return ToolResult.error(ambiguous(text, path, found));
        }
        String changed = text.replace(wanted, replacement);
        file.with(changed).write(context.files(), path);
        return ToolResult.ok("edited " + path + Difference.between(file.text(), changed));
    }

    private static String ambiguous(EditableText text, String path, List<Integer> found) {
        boolean more = found.size() > MATCHES_SHOWN_MAX;
        String lines =
                found.stream()
                        .limit(MATCHES_SHOWN_MAX)
                        .map(at -> String.valueOf(text.line(at)))
                        .collect(Collectors.joining(", "));
        return "old_string is "
                + (more ? "more than " + MATCHES_SHOWN_MAX : String.valueOf(found.size()))
                + " times in "
                + path
                + ", from lines "
                + lines
                + (more ? ", …" : "")
                + ". Add lines around it until it is the only one, or set replace_all.";
    }
}
