package dev.carrel.tool;

import java.util.List;
import java.util.stream.IntStream;

/// Finds out why a passage that a model wanted to replace is not in a file.
final class Mismatch {
    private static final int PASSAGE_CHARS_MAX = 2_000;
    private static final int LINES_SHOWN_MAX = 5;

    private Mismatch() {}

    /// What to tell the model, in a sentence or two. Both texts have LF line endings.
    static String hint(String text, String wanted) {
        List<String> lines = wanted.lines().toList();
        if (!lines.isEmpty() && lines.stream().allMatch(line -> line.matches("\\s*\\d+\\t.*"))) {
            return "Leave out the line numbers and tabs that read puts before each line.";
        }
        List<String> all = text.lines().toList();
        List<String> stripped = all.stream().map(Mismatch::squeeze).toList();
        List<String> parts = lines.stream().map(Mismatch::squeeze).toList();
        for (int i = 0; !parts.isEmpty() && i + parts.size() <= all.size(); i++) {
            if (stripped.subList(i, i + parts.size()).equals(parts)) {
                return whitespace(all, i, parts.size());
            }
        }
        return firstLine(stripped, parts);
    }

    private static String whitespace(List<String> lines, int from, int count) {
        String passage = String.join("\n", lines.subList(from, from + count));
        return "Only white space differs from what starts at line "
                + (from + 1)
                + ". The file has:\n"
                + Excerpt.head(passage, PASSAGE_CHARS_MAX);
    }

    private static String firstLine(List<String> lines, List<String> parts) {
        String first = parts.stream().filter(part -> !part.isEmpty()).findFirst().orElse("");
        List<String> at =
                IntStream.range(0, lines.size())
                        .filter(i -> !first.isEmpty() && lines.get(i).equals(first))
                        .limit(LINES_SHOWN_MAX)
                        .mapToObj(i -> String.valueOf(i + 1))
                        .toList();
        return at.isEmpty()
                ? "Read the file again: it may have changed."
                : "Its first line is at line "
                        + String.join(", ", at)
                        + ", but what follows differs: read there again.";
    }

    private static String squeeze(String line) {
        return line.strip().replaceAll("\\s+", " ");
    }
}
