package dev.carrel.tool;

import com.github.difflib.DiffUtils;
import com.github.difflib.UnifiedDiffUtils;
import com.github.difflib.algorithm.myers.MyersDiffWithLinearSpace;
import com.github.difflib.patch.AbstractDelta;
import com.github.difflib.patch.Patch;
import java.util.List;

/// What a tool changed in a file, for people and clients to see.
final class Difference {
    static final int CHARS_MAX = 4_000;
    private static final int CONTEXT_LINES = 3;

    /// The work grows with the square of the changed lines.
    private static final int CHANGED_LINES_MAX = 2_000;

    private final String text;

    private Difference(String text) {
        this.text = text;
    }

    static Difference between(String before, String after) {
        if (before.equals(after)) {
            return new Difference(" (no change)");
        }
        List<String> old = List.of(before.split("\n", -1));
        List<String> now = List.of(after.split("\n", -1));
        if (changedAtMost(old, now) > CHANGED_LINES_MAX) {
            return new Difference(" (" + old.size() + " lines before, " + now.size() + " now)");
        }
        Patch<String> patch = DiffUtils.diff(old, now, new MyersDiffWithLinearSpace<String>());
        int added = 0;
        int removed = 0;
        for (AbstractDelta<String> delta : patch.getDeltas()) {
            added += delta.getTarget().size();
            removed += delta.getSource().size();
        }
        List<String> lines =
                UnifiedDiffUtils.generateUnifiedDiff("", "", old, patch, CONTEXT_LINES);
        return new Difference(
                " (+"
                        + added
                        + " −"
                        + removed
                        + ")\n```diff\n"
                        + bounded(lines.subList(2, lines.size()))
                        + "```");
    }

    /// The length of what lies between the common beginning and the common end.
    private static int changedAtMost(List<String> old, List<String> now) {
        int shorter = Math.min(old.size(), now.size());
        int head = 0;
        while (head < shorter && old.get(head).equals(now.get(head))) {
            head++;
        }
        int tail = 0;
        while (tail < shorter - head
                && old.get(old.size() - 1 - tail).equals(now.get(now.size() - 1 - tail))) {
            tail++;
        }
        return Math.max(old.size(), now.size()) - head - tail;
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
