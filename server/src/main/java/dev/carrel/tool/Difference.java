package dev.carrel.tool;

import com.github.difflib.DiffUtils;
import com.github.difflib.UnifiedDiffUtils;
import com.github.difflib.patch.AbstractDelta;
import com.github.difflib.patch.ChangeDelta;
import com.github.difflib.patch.Chunk;
import com.github.difflib.patch.Patch;
import java.util.ArrayList;
import java.util.List;

/// What a tool changed in a file, for people and clients to see.
final class Difference {
    static final int CHARS_MAX = 4_000;
    private static final int CONTEXT_LINES = 3;

    /// Work and memory grow with the square of the changed lines. Beyond this many, everything
    /// between the first and the last changed line counts as changed.
    private static final int COMPARED_LINES_MAX = 500;

    private final String text;

    private Difference(String text) {
        this.text = text;
    }

    static Difference between(String before, String after) {
        if (before.equals(after)) {
            return new Difference(" (no change)");
        }
        List<String> old = lines(before);
        List<String> now = lines(after);
        Patch<String> patch = patch(old, now);
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

    /// The lines, the last with a note if no line feed ends it, so that this shows as a difference.
    private static List<String> lines(String text) {
        List<String> lines = new ArrayList<>(List.of(text.split("\n", -1)));
        String last = lines.removeLast();
        if (!last.isEmpty()) {
            lines.add(last + "\n\\ No newline at end of file");
        }
        return lines;
    }

    private static Patch<String> patch(List<String> old, List<String> now) {
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
        List<String> oldPart = old.subList(head, old.size() - tail);
        List<String> nowPart = now.subList(head, now.size() - tail);
        var patch = new Patch<String>();
        if (Math.max(oldPart.size(), nowPart.size()) > COMPARED_LINES_MAX) {
            patch.addDelta(
                    new ChangeDelta<>(new Chunk<>(head, oldPart), new Chunk<>(head, nowPart)));
            return patch;
        }
        for (AbstractDelta<String> delta : DiffUtils.diff(oldPart, nowPart).getDeltas()) {
            patch.addDelta(
                    delta.withChunks(
                            shifted(delta.getSource(), head), shifted(delta.getTarget(), head)));
        }
        return patch;
    }

    private static Chunk<String> shifted(Chunk<String> chunk, int by) {
        return new Chunk<>(chunk.getPosition() + by, chunk.getLines());
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
