package dev.carrel.tool;

import com.github.difflib.DiffUtils;
import com.github.difflib.UnifiedDiffUtils;
import com.github.difflib.patch.AbstractDelta;
import com.github.difflib.patch.ChangeDelta;
import com.github.difflib.patch.Chunk;
import com.github.difflib.patch.Patch;
import java.util.ArrayList;
import java.util.List;

/// What differs between two texts, line by line.
public final class LineDifference {
    static final int CONTEXT = 3;

    /// Work and memory grow with the square of the changed lines. Beyond this many, everything
    /// between the first and the last changed line counts as changed.
    private static final int COMPARED_LINES_MAX = 500;

    private LineDifference() {}

    /// The hunks of a unified patch, each line with its line feed; none where nothing differs.
    public static String hunks(String before, String after) {
        List<String> old = lines(before);
        Patch<String> patch = between(old, lines(after));
        if (patch.getDeltas().isEmpty()) {
            return "";
        }
        List<String> lines = UnifiedDiffUtils.generateUnifiedDiff("a", "b", old, patch, CONTEXT);
        return String.join("\n", lines.subList(2, lines.size())) + "\n";
    }

    /// The lines, the last with a note if no line feed ends it, so that this shows as a difference.
    static List<String> lines(String text) {
        List<String> lines = new ArrayList<>(List.of(text.split("\n", -1)));
        String last = lines.removeLast();
        if (!last.isEmpty()) {
            lines.add(last + "\n\\ No newline at end of file");
        }
        return lines;
    }

    static Patch<String> between(List<String> old, List<String> now) {
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
}
