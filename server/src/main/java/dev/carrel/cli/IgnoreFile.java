package dev.carrel.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// A `.dockerignore` (Docker's build documentation, ".dockerignore files"): a pattern a line, `**`
/// over folders, `!` takes files back, the last line that fits counts. What a pattern names is left
/// out with all below it.
final class IgnoreFile {
    static final String NAME = ".dockerignore";

    private static final int PATTERNS_MAX = 1000;
    private static final int PATTERN_CHARS_MAX = 500;

    private final List<Rule> rules;

    private record Rule(Pattern pattern, boolean isBack) {}

    private IgnoreFile(List<Rule> rules) {
        this.rules = rules;
    }

    /// That of a folder; where there is none, nothing is left out.
    static IgnoreFile of(Path folder) throws IOException {
        Path file = folder.resolve(NAME);
        return Files.isRegularFile(file) ? parse(Files.readAllLines(file)) : parse(List.of());
    }

    static IgnoreFile parse(List<String> lines) {
        List<Rule> rules = new ArrayList<>();
        for (String line : lines) {
            String text = line.strip();
            if (text.isEmpty() || text.startsWith("#")) {
                continue;
            }
            boolean isBack = text.startsWith("!");
            String pattern = clean(isBack ? text.substring(1).strip() : text);
            if (rules.size() == PATTERNS_MAX || pattern.length() > PATTERN_CHARS_MAX) {
                throw new IllegalArgumentException(
                        "%s has more than %d lines, or one of more than %d characters"
                                .formatted(NAME, PATTERNS_MAX, PATTERN_CHARS_MAX));
            }
            if (!pattern.isEmpty()) {
                rules.add(new Rule(Pattern.compile(regex(pattern) + "(/.*)?"), isBack));
            }
        }
        return new IgnoreFile(rules);
    }

    private static String clean(String pattern) {
        return Path.of("/").relativize(Path.of("/" + pattern).normalize()).toString();
    }

    /// Whether a file is left out; `path` is relative, with slashes.
    boolean leavesOut(String path) {
        boolean out = false;
        for (Rule rule : rules) {
            if (rule.isBack() == out && rule.pattern().matcher(path).matches()) {
                out = !rule.isBack();
            }
        }
        return out;
    }

    /// Whether anything below a folder that is left out may be taken back.
    boolean takesBack() {
        return rules.stream().anyMatch(Rule::isBack);
    }

    private static String regex(String pattern) {
        var regex = new StringBuilder();
        for (int i = 0; i < pattern.length(); i++) {
            char c = pattern.charAt(i);
            if (pattern.startsWith("**/", i)) {
                regex.append("(?:.*/)?");
                i += 2;
            } else if (pattern.startsWith("**", i)) {
                regex.append(".*");
                i++;
            } else if (c == '*') {
                regex.append("[^/]*");
            } else if (c == '?') {
                regex.append("[^/]");
            } else if (c == '\\' && i + 1 < pattern.length()) {
                regex.append(Pattern.quote(String.valueOf(pattern.charAt(++i))));
            } else if (c == '[' && pattern.indexOf(']', i + 2) > 0) {
                int end = pattern.indexOf(']', i + 2);
                regex.append(set(pattern.substring(i + 1, end)));
                i = end;
            } else {
                regex.append(Pattern.quote(String.valueOf(c)));
            }
        }
        return regex.toString();
    }

    private static String set(String inside) {
        boolean isNot = inside.startsWith("^") || inside.startsWith("!");
        String names = isNot ? inside.substring(1) : inside;
        return (isNot ? "[^/" : "[") + names.replaceAll("[\\\\\\[\\]&^]", "\\\\$0") + "]";
    }
}
