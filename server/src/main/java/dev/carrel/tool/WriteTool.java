package dev.carrel.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ToolSpec;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// `write`: a whole file.
final class WriteTool implements Tool {
    /// Of a larger old file no difference is shown.
    private static final int OLD_BYTES_MAX = 1 << 20;

    private static final ToolSpec SPEC =
            new Schema()
                    .text("path", "The file; its directories are made if they are missing")
                    .text("content", "The whole new content")
                    .spec(
                            "write",
                            "Writes a file whole, in place of what was there. To change a part of"
                                    + " a file, use edit.",
                            "path",
                            "content");

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
        String content = arguments.path("content").asText();
        Optional<TextFile> old = old(context, path);
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        context.files().write(path, new ByteArrayInputStream(bytes));
        if (old.isEmpty()) {
            long lines = content.lines().count();
            return ToolResult.ok(
                    "created " + path + " (" + lines + (lines == 1 ? " line)" : " lines)"));
        }
        return ToolResult.ok(
                "wrote "
                        + path
                        + switch (old.get()) {
                            case TextFile.Text text ->
                                    Difference.between(text.text(), content).toString();
                            case TextFile.Unusable _ -> " (" + bytes.length + " bytes)";
                        });
    }

    private static Optional<TextFile> old(ToolContext context, String path) {
        try {
            return Optional.of(TextFile.load(context.files(), path, OLD_BYTES_MAX));
        } catch (CarrelException e) {
            if (e.code() == ErrorCode.FILE_NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
    }
}
