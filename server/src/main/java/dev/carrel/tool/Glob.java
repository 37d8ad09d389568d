package dev.carrel.tool;

import java.util.ArrayList;
import java.util.List;

/// A file name pattern: `*` and `?` within a name, `**` over directories, `[a-z]`, `[!a]`, `{a,b}`.
/// A pattern without a slash is held against the name alone. Takes time in proportion to pattern
/// times path, whatever the pattern.
final class Glob {
    static final int LENGTH_MAX = 1_000;
    static final int ALTERNATIVES_MAX = 64;

    private final List<List<String>> alternatives = new ArrayList<>();

    /// Fails with [IllegalArgumentException] when the pattern is too long, or its braces stand for
    /// too many patterns.
    Glob(String pattern) {
        if (pattern.isEmpty() || pattern.length() > LENGTH_MAX) {
            throw new IllegalArgumentException(
                    "a pattern has from 1 to " + LENGTH_MAX + " characters");
        }
        for (String alternative : expand(pattern)) {
            String anchored = alternative.contains("/") ? alternative : "**/" + alternative;
            String plain = anchored.startsWith("./") ? anchored.substring(2) : anchored;
            alternatives.add(List.of(plain.split("/")));
        }
    }

    /// `path` is relative, without `.` and `..`.
    boolean matches(String path) {
        List<String> names = List.of(path.split("/"));
        return alternatives.stream().anyMatch(pattern -> matches(pattern, names));
    }

    /// All names and patterns between slashes.
    List<String> parts() {
        return alternatives.stream().flatMap(List::stream).toList();
    }

    private static List<String> expand(String pattern) {
        List<String> done = new ArrayList<>();
        List<String> open = new ArrayList<>(List.of(pattern));
        while (!open.isEmpty()) {
            String next = open.removeLast();
            int left = next.lastIndexOf('{');
            int right = next.indexOf('}', Math.max(left, 0));
            if (left < 0 || right < 0) {
                done.add(next);
            } else {
                for (String choice : next.substring(left + 1, right).split(",", -1)) {
                    open.add(next.substring(0, left) + choice + next.substring(right + 1));
                }
            }
            if (done.size() + open.size() > ALTERNATIVES_MAX) {
                throw new IllegalArgumentException(
                        "the braces stand for more than " + ALTERNATIVES_MAX + " patterns");
            }
        }
        return done;
    }

    /// `reached[j]`: the pattern's parts so far match the first j names.
    private static boolean matches(List<String> parts, List<String> names) {
        boolean[] reached = new boolean[names.size() + 1];
        reached[0] = true;
        for (String part : parts) {
            boolean[] next = new boolean[names.size() + 1];
            boolean any = part.equals("**");
            for (int j = 0; j <= names.size(); j++) {
                boolean consumed = j > 0 && (any ? next[j - 1] : reached[j - 1]);
                next[j] =
                        any
                                ? reached[j] || consumed
                                : consumed && matchesName(part, names.get(j - 1));
            }
            reached = next;
        }
        return reached[names.size()];
    }

    /// The usual two-pointer match: back to the last star, never further.
    private static boolean matchesName(String part, String name) {
        int p = 0;
        int n = 0;
        int star = -1;
        int mark = 0;
        while (n < name.length()) {
            int after = p < part.length() ? one(part, p, name.charAt(n)) : -1;
            if (p < part.length() && part.charAt(p) == '*') {
                star = p++;
                mark = n;
            } else if (after >= 0) {
                p = after;
                n++;
            } else if (star >= 0) {
                p = star + 1;
                n = ++mark;
            } else {
                return false;
            }
        }
        while (p < part.length() && part.charAt(p) == '*') {
            p++;
        }
        return p == part.length();
    }

    /// The position after the element at `p` if it matches `c`, else -1.
    private static int one(String part, int p, char c) {
        char element = part.charAt(p);
        int close = element == '[' ? part.indexOf(']', p + 2) : -1;
        if (close < 0) {
            return element == '?' || element == c ? p + 1 : -1;
        }
        boolean negated = part.charAt(p + 1) == '!' || part.charAt(p + 1) == '^';
        boolean found = false;
        for (int i = p + (negated ? 2 : 1); i < close; i++) {
            if (i + 2 < close && part.charAt(i + 1) == '-') {
                found |= part.charAt(i) <= c && c <= part.charAt(i + 2);
                i += 2;
            } else {
                found |= part.charAt(i) == c;
            }
        }
        return found != negated ? close + 1 : -1;
    }
}
