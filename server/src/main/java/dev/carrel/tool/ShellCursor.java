package dev.carrel.tool;

/// A place in the text of a shell, and what can be said of the characters from there on. Used by
/// one thread.
final class ShellCursor {
    /// Brackets of calculations; more are not looked for.
    private static final int CALCULATIONS_MAX = 1_000;

    /// What is longer is taken for one.
    private static final int BRACKET_CHARS_MAX = 100;

    final String text;
    int at;
    private int calculations;

    ShellCursor(String text) {
        this.text = text;
    }

    boolean more() {
        return at < text.length();
    }

    /// NUL at the end.
    char next() {
        return peek(0);
    }

    char peek(int ahead) {
        return at + ahead < text.length() ? text.charAt(at + ahead) : 0;
    }

    /// The text's end for what was not found.
    int end(int found) {
        return found < 0 ? text.length() : found;
    }

    String line(int begin) {
        return text.substring(begin, end(text.indexOf('\n', begin)));
    }

    /// Where the bracket that was opened before `from` is closed; the text's end if nowhere.
    int closing(int from, char opening, char closing) {
        int open = 1;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\') {
                i++;
            } else if (c == '\'') {
                i = end(text.indexOf('\'', i + 1));
            } else if (c == '"') {
                i = closing(i + 1, '"');
            } else if (c == opening) {
                open++;
            } else if (c == closing && --open == 0) {
                return i;
            }
        }
        return text.length();
    }

    /// Where `mark` stands next without a backslash before it.
    int closing(int from, char mark) {
        int i = from;
        while (i < text.length() && text.charAt(i) != mark) {
            i += text.charAt(i) == '\\' ? 2 : 1;
        }
        return i;
    }

    /// Where the calculation `((…))` is closed behind whose first bracket this is; -1 if it is
    /// none.
    int calculation() {
        if (next() != '(' || ++calculations > CALCULATIONS_MAX) {
            return -1;
        }
        int close = closing(at + 1, '(', ')');
        return close + 1 < text.length() && text.charAt(close + 1) == ')' ? close : -1;
    }

    /// Goes past the name of a parameter (`x`, `1`, `@`); its length, 0 if there is none.
    int name() {
        int begin = at;
        if (more() && "@*#?-$!0123456789".indexOf(next()) >= 0) {
            at++;
        } else {
            while (more() && (next() == '_' || isLetterOrDigit(next()))) {
                at++;
            }
        }
        return at - begin;
    }

    private static boolean isLetterOrDigit(char c) {
        return c < 128 && Character.isLetterOrDigit(c);
    }

    /// Goes past more stars; whether the part of a path ends then.
    boolean stars() {
        while (next() == '*') {
            at++;
        }
        return "/ \t\n;&|()<>\0".indexOf(next()) >= 0;
    }

    /// Goes past the rest of `[…]` in a word that was begun before here; false if it is none.
    boolean bracket() {
        int last = -1;
        int i = at + 1;
        while (i < text.length() && " \t\n;&|()<>'\"`$".indexOf(text.charAt(i)) < 0) {
            last = text.charAt(i) == ']' ? i : last;
            if (++i > at + BRACKET_CHARS_MAX) {
                return true;
            }
        }
        at = Math.max(at, last + 1);
        return last >= 0;
    }

    /// Reads one escape of `$'…'` behind its backslash.
    String escape() {
        char c = next();
        at++;
        return switch (c) {
            case 'x' -> code(16, 2);
            case 'u' -> code(16, 4);
            case 'U' -> code(16, 8);
            case '0', '1', '2', '3', '4', '5', '6', '7' -> {
                at--;
                yield code(8, 3);
            }
            case 'c' -> {
                at++;
                yield " ";
            }
            case 'a', 'b', 'e', 'E', 'f', 'n', 'r', 't', 'v' -> " ";
            default -> String.valueOf(c);
        };
    }

    private String code(int radix, int digitsMax) {
        int value = 0;
        for (int i = 0; i < digitsMax && Character.digit(next(), radix) >= 0; i++) {
            value = value * radix + Character.digit(next(), radix);
            at++;
        }
        return Character.isValidCodePoint(value) ? Character.toString(value) : " ";
    }
}
