package dev.carrel.tool;

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
}
