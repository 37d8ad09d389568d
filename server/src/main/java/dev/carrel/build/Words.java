package dev.carrel.build;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The words of an instruction, as Docker reads them (Dockerfile reference, "Environment
/// replacement"): quotes keep words together, a backslash takes the next character as it is,
/// `$name`, `${name}`, `${name:-else}` and `${name:+then}` are replaced but for single quotes.
final class Words {
    private static final Pattern VARIABLE =
            Pattern.compile("\\$(?:([A-Za-z_]\\w*)|\\{([A-Za-z_]\\w*)(?:(:?[-+])|\\}))");
    private static final int CHARS_MAX = 64 << 10;
    private static final int DEPTH_MAX = 8;

    private Words() {}

    static CarrelException refused(int line, String what) {
        return new CarrelException(
                ErrorCode.INVALID_DEFINITION, "Dockerfile, line %d: %s".formatted(line, what));
    }

    /// The words between spaces outside of quotes; quotes and backslashes stay.
    static List<String> split(int line, String text) {
        List<String> words = new ArrayList<>();
        var word = new StringBuilder();
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && quote != '\'' && i + 1 < text.length()) {
                word.append(c).append(text.charAt(++i));
                continue;
            }
            if (quote == 0 && Character.isWhitespace(c)) {
                add(words, word);
                continue;
            }
            quote = quote == 0 && (c == '"' || c == '\'') ? c : quote == c ? 0 : quote;
            word.append(c);
        }
        if (quote != 0) {
            throw refused(line, "a quote is not closed");
        }
        add(words, word);
        return words;
    }

    private static void add(List<String> words, StringBuilder word) {
        if (!word.isEmpty()) {
            words.add(word.toString());
            word.setLength(0);
        }
    }

    /// The word without its quotes, its variables replaced; a variable without a value is empty.
    static String expand(int line, String word, Function<String, @Nullable String> values) {
        return expand(line, word, values, 0);
    }

    private static String expand(
            int line, String word, Function<String, @Nullable String> values, int depth) {
        if (depth > DEPTH_MAX) {
            throw refused(line, "variables in variables, more than " + DEPTH_MAX + " deep");
        }
        var out = new StringBuilder();
        char quote = 0;
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            if (c == quote) {
                quote = 0;
            } else if (quote == 0 && (c == '"' || c == '\'')) {
                quote = c;
            } else if (c == '\\' && quote != '\'' && i + 1 < word.length()) {
                out.append(escaped(word.charAt(++i), quote));
            } else if (c == '$' && quote != '\'') {
                i = replace(line, word, i, values, out, depth) - 1;
            } else {
                out.append(c);
            }
        }
        if (out.length() > CHARS_MAX) {
            throw refused(line, "a word has more than " + CHARS_MAX + " characters");
        }
        return out.toString();
    }

    // In double quotes, a backslash before anything that means nothing there is one itself.
    private static String escaped(char c, char quote) {
        return quote == '"' && c != '"' && c != '$' && c != '\\' ? "\\" + c : String.valueOf(c);
    }

    /// Returns where the text goes on.
    private static int replace(
            int line,
            String word,
            int at,
            Function<String, @Nullable String> values,
            StringBuilder out,
            int depth) {
        Matcher matcher = VARIABLE.matcher(word).region(at, word.length());
        if (!matcher.lookingAt()) {
            if (word.startsWith("${", at)) {
                throw refused(
                        line,
                        "%s: of ${...} there are ${name}, ${name:-else} and ${name:+then}"
                                .formatted(word.substring(at)));
            }
            out.append('$');
            return at + 1;
        }
        String name = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
        String operator = matcher.group(3) == null ? "" : matcher.group(3);
        String value = values.apply(name);
        boolean isSet = value != null && !(operator.startsWith(":") && value.isEmpty());
        String found = value == null ? "" : value;
        if (operator.isEmpty()) {
            out.append(found);
            return matcher.end();
        }
        int end = closing(line, word, matcher.end());
        boolean takesOther = operator.endsWith("+") == isSet;
        if (takesOther) {
            out.append(expand(line, word.substring(matcher.end(), end), values, depth + 1));
        } else {
            out.append(operator.endsWith("+") ? "" : found);
        }
        return end + 1;
    }

    /// The brace that ends what was begun before `at`.
    private static int closing(int line, String word, int at) {
        int open = 1;
        for (int i = at; i < word.length(); i++) {
            if (word.startsWith("${", i)) {
                open++;
            } else if (word.charAt(i) == '}' && --open == 0) {
                return i;
            }
        }
        throw refused(line, word + " has a ${ that is not closed");
    }
}
