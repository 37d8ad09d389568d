package dev.carrel.build;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/// A name with `*`, `?` and `[a-z]`, as sources of COPY have them (Go's `filepath.Match`). Matching
/// takes time in proportion to pattern times name, whatever the pattern.
final class PathPattern {
    /// One character, or with a star any number of them.
    private record Part(boolean isStar, IntPredicate takes) {}

    private final List<Part> parts = new ArrayList<>();

    private PathPattern() {}

    static boolean isPattern(String name) {
        return name.chars().anyMatch(c -> c == '*' || c == '?' || c == '[');
    }

    /// Of one name, without slashes.
    static PathPattern of(int line, String name) {
        var pattern = new PathPattern();
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            switch (c) {
                case '*' -> pattern.parts.add(new Part(true, any -> true));
                case '?' -> pattern.parts.add(new Part(false, any -> true));
                case '[' -> {
                    int end = name.indexOf(']', i + 2);
                    if (end < 0) {
                        throw Words.refused(line, name + " has a [ that is not closed");
                    }
                    pattern.parts.add(new Part(false, set(name.substring(i + 1, end))));
                    i = end;
                }
                case '\\' -> {
                    i = Math.min(i + 1, name.length() - 1);
                    pattern.parts.add(exactly(name.charAt(i)));
                }
                default -> pattern.parts.add(exactly(c));
            }
        }
        return pattern;
    }

    private static Part exactly(char wanted) {
        return new Part(false, c -> c == wanted);
    }

    private static IntPredicate set(String inside) {
        boolean isNot = inside.startsWith("^") || inside.startsWith("!");
        String names = isNot ? inside.substring(1) : inside;
        IntPredicate in = c -> false;
        for (int i = 0; i < names.length(); i++) {
            char from = names.charAt(i);
            boolean isRange = i + 2 < names.length() && names.charAt(i + 1) == '-';
            char to = isRange ? names.charAt(i + 2) : from;
            in = in.or(c -> c >= from && c <= to);
            i += isRange ? 2 : 0;
        }
        return isNot ? in.negate() : in;
    }

    /// When a part does not fit, only the last star before it has to take one character more.
    boolean matches(String name) {
        int part = 0;
        int star = -1;
        int starAt = 0;
        int at = 0;
        while (at < name.length()) {
            if (isStar(part)) {
                star = part++;
                starAt = at;
            } else if (part < parts.size() && parts.get(part).takes().test(name.charAt(at))) {
                part++;
                at++;
            } else if (star >= 0) {
                part = star + 1;
                at = ++starAt;
            } else {
                return false;
            }
        }
        while (isStar(part)) {
            part++;
        }
        return part == parts.size();
    }

    private boolean isStar(int part) {
        return part < parts.size() && parts.get(part).isStar();
    }
}
