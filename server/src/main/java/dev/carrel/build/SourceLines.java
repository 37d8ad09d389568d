package dev.carrel.build;

import java.util.ArrayList;
import java.util.List;

/// The lines of a Dockerfile as instructions: comments gone, continued lines joined.
final class SourceLines {
    private SourceLines() {}

    /// One instruction as written; `number` is that of its first line, counted from 1.
    record Line(int number, String text) {}

    static List<Line> of(String source) {
        List<Line> lines = new ArrayList<>();
        var text = new StringBuilder();
        int begun = 0;
        int number = 0;
        for (String raw : source.split("\r?\n", -1)) {
            number++;
            if (raw.indexOf('\0') >= 0) {
                throw Words.refused(number, "there is a NUL, which no text has");
            }
            if (raw.isBlank() || raw.stripLeading().startsWith("#")) {
                requireDirective(raw, number, lines.isEmpty() && begun == 0);
                continue; // also in the middle of an instruction
            }
            begun = begun == 0 ? number : begun;
            String line = raw.stripTrailing();
            if (line.endsWith("\\")) {
                text.append(line, 0, line.length() - 1);
                continue;
            }
            lines.add(new Line(begun, text.append(raw).toString().strip()));
            text.setLength(0);
            begun = 0;
        }
        if (!text.toString().isBlank()) {
            lines.add(new Line(begun, text.toString().strip())); // a \\ before nothing
        }
        return lines;
    }

    // Directives are comments before everything else. The others change nothing that matters here.
    private static void requireDirective(String line, int number, boolean first) {
        String text = line.replaceAll("\\s", "").toLowerCase(java.util.Locale.ROOT);
        if (first && text.startsWith("#escape=") && !text.equals("#escape=\\")) {
            throw Words.refused(number, "lines are continued by \\ here, and by nothing else");
        }
    }
}
