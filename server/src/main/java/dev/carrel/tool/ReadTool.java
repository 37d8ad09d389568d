package dev.carrel.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ToolSpec;
import dev.carrel.tool.LineReader.Line;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Optional;

/// `read`: a file's lines, numbered.
final class ReadTool implements Tool {
    static final int LINES_MAX = 2_000;
    static final int CHARS_MAX = 50_000;
    static final int LINE_CHARS_MAX = 2_000;

    /// How far into a file an offset may lie.
    static final long SCAN_CHARS_MAX = 256L << 20;

    private static final int PROBE_BYTES = 8_000;

    private static final ToolSpec SPEC =
            new Schema()
                    .text("path", "The file; relative to the working directory, or absolute")
                    .number("offset", 1, Integer.MAX_VALUE, "The first line to show; default 1")
                    .number("limit", 1, LINES_MAX, "How many lines to show; default " + LINES_MAX)
                    .spec(
                            "read",
                            "Reads a text file. Each line comes with its number and a tab, which"
                                    + " are not part of the file.",
                            "path");

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
        String path = SandboxPath.resolve(context, arguments.path("path").asText());
        int offset = arguments.path("offset").asInt(1);
        int limit = arguments.path("limit").asInt(LINES_MAX);
        try (var bytes = new BufferedInputStream(context.files().read(path, 0), PROBE_BYTES)) {
            if (isBinary(bytes)) {
                return ToolResult.error(
                        path + " is a binary file; look at it with bash (file, xxd, strings)");
            }
            var lines = new LineReader(bytes, LINE_CHARS_MAX, context.cancellation());
            return page(lines, path, offset, limit);
        } catch (CarrelException e) {
            if (e.code() == ErrorCode.CONFLICT) {
                return ToolResult.error(e.text() + " (list shows directories)");
            }
            return SandboxPath.failure(e, context, path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isBinary(InputStream bytes) throws IOException {
        bytes.mark(PROBE_BYTES);
        byte[] probe = bytes.readNBytes(PROBE_BYTES);
        bytes.reset();
        for (byte b : probe) {
            if (b == 0) {
                return true;
            }
        }
        return false;
    }

    private static ToolResult page(LineReader lines, String path, int offset, int limit)
            throws IOException {
        Optional<Line> line = lines.next();
        int number = 1;
        for (; number < offset && line.isPresent(); number++) {
            if (lines.charsRead() > SCAN_CHARS_MAX) {
                return ToolResult.error(
                        path
                                + " is too long to count to line "
                                + offset
                                + "; use bash (tail, sed)");
            }
            line = lines.next();
        }
        if (line.isEmpty()) {
            return number == 1
                    ? ToolResult.ok("(" + path + " is empty)")
                    : ToolResult.error(path + " has only " + (number - 1) + " lines");
        }
        var text = new StringBuilder();
        int end = number + limit;
        for (; number < end && line.isPresent(); number++) {
            String shown = "%6d\t%s\n".formatted(number, show(line.get()));
            if (text.length() + shown.length() > CHARS_MAX) {
                break;
            }
            text.append(shown);
            line = lines.next();
        }
        if (line.isPresent()) {
            text.append("[more lines follow: go on with offset ").append(number).append("]\n");
        }
        return ToolResult.ok(text.toString());
    }

    private static String show(Line line) {
        return line.cut() == 0
                ? line.text()
                : line.text() + "… [" + line.cut() + " more characters in this line]";
    }
}
