package dev.carrel.tool;

import com.github.difflib.UnifiedDiffUtils;
import com.github.difflib.patch.AbstractDelta;
import com.github.difflib.patch.Patch;
import java.util.List;

/// What a tool changed in a file, for people and clients to see.
final class Difference {
    static final int CHARS_MAX = 4_000;

    private final String text;

    private Difference(String text) {
        this.text = text;
    }

    static Difference between(String before, String after) {
        if (before.equals(after)) {
            return new Difference(" (no change)");
        }
        List<String> old = LineDifference.lines(before);
        List<String> now = LineDifference.lines(after);
        Patch<String> patch = LineDifference.between(old, now);
        int added = 0;
        int removed = 0;
        for (AbstractDelta<String> delta : patch.getDeltas()) {
            added += delta.getTarget().size();
            removed += delta.getSource().size();
        }
        List<String> lines =
                UnifiedDiffUtils.generateUnifiedDiff("", "", old, patch, LineDifference.CONTEXT);
        return new Difference(
                " (+"
                        + added
                        + " −"
                        + removed
                        + ")\n```diff\n"
                        + bounded(lines.subList(2, lines.size()))
                        + "```");
    }

    private static String bounded(List<String> lines) {
        var text = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).replace("\r", "");
            if (text.length() + line.length() > CHARS_MAX) {
                return text + " … " + (lines.size() - i) + " more lines of difference\n";
            }
            text.append(line).append('\n');
        }
        return text.toString();
    }

    /// Follows a file's name: counts, then the unified difference without file names, bounded.
    @Override
    public String toString() {
        return text;
    }
}
