package dev.carrel.tool;

import java.util.BitSet;

/// Patterns in which `*` stands for any characters, also none.
final class Wildcard {
    private Wildcard() {}

    /// Takes time in proportion to both lengths at most, whatever the pattern.
    static boolean matches(String pattern, String text) {
        int p = 0;
        int star = -1;
        int mark = 0;
        for (int t = 0; t < text.length(); ) {
            if (p < pattern.length() && pattern.charAt(p) == '*') {
                star = p++;
                mark = t;
            } else if (p < pattern.length() && pattern.charAt(p) == text.charAt(t)) {
                p++;
                t++;
            } else if (star >= 0) {
                p = star + 1; // The last star takes one character more.
                t = ++mark;
            } else {
                return false;
            }
        }
        return pattern.substring(p).chars().allMatch(c -> c == '*');
    }

    /// Whether `text`, with something in its holes ([Hole]), matches.
    static boolean mayMatch(String pattern, String text) {
        if (!Hole.in(text)) {
            return matches(pattern, text);
        }
        var places = new BitSet(pattern.length() + 1);
        places.set(0);
        pass(pattern, places, '*');
        for (int t = 0; t < text.length() && !places.isEmpty(); t++) {
            char c = text.charAt(t);
            if (c == Hole.MORE) {
                BitSet more = after(pattern, places, ' ');
                pass(pattern, more, c);
                places.or(more);
            } else if (Hole.isHole(c) && c != Hole.SOME_FILES) {
                pass(pattern, places, c);
            } else {
                places = after(pattern, places, c);
                pass(pattern, places, c);
            }
        }
        return places.get(pattern.length());
    }

    private static BitSet after(String pattern, BitSet places, char c) {
        var next = new BitSet(pattern.length() + 1);
        for (int p = places.nextSetBit(0); p >= 0; p = places.nextSetBit(p + 1)) {
            if (p < pattern.length() && pattern.charAt(p) == '*') {
                next.set(p);
            } else if (p < pattern.length() && fits(pattern.charAt(p), c)) {
                next.set(p + 1);
            }
        }
        return next;
    }

    /// Goes past stars, which may be nothing, and past what fits into the hole, if it is one.
    private static void pass(String pattern, BitSet places, char hole) {
        for (int p = places.nextSetBit(0); p >= 0; p = places.nextSetBit(p + 1)) {
            if (p < pattern.length()
                    && (pattern.charAt(p) == '*' || Hole.admits(hole, pattern.charAt(p)))) {
                places.set(p + 1);
            }
        }
    }

    private static boolean fits(char wanted, char c) {
        return wanted == c || Hole.admits(c, wanted);
    }
}
