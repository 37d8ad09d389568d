package dev.carrel.tool;

/// What a shell will put into a word nobody knows before it runs: a character of a private range
/// stands there instead. Such a character in the command itself is taken for a hole, too.
final class Hole {
    /// Anything, also several words or none: `$x`, `$(…)`.
    static final char ANY = '\uF8E0';

    /// Anything without a blank: `"$x"`, `~`, `{1..9}`.
    static final char ONE = '\uF8E1';

    /// Pieces of names of files: the star of `*.c`.
    static final char FILES = '\uF8E2';

    /// The name of a file out of which a command speaks: `<(…)`.
    static final char PIPE = '\uF8E3';

    /// After the words before it: nothing, or a blank and anything.
    static final char MORE = '\uF8E4';

    /// As [#FILES], but not nothing: `*` alone, `?`, `[…]`.
    static final char SOME_FILES = '\uF8E5';

    private Hole() {}

    static boolean isHole(char c) {
        return c >= ANY && c <= SOME_FILES;
    }

    static boolean in(String word) {
        return word.chars().anyMatch(c -> isHole((char) c));
    }

    /// Whether `c` may be among what fills the hole.
    static boolean admits(char hole, char c) {
        return switch (hole) {
            case ANY, MORE -> true;
            case FILES, SOME_FILES -> c != '/';
            case ONE, PIPE -> !Character.isWhitespace(c);
            default -> false;
        };
    }

    /// The word as the name of a program.
    static String asProgram(String word) {
        return word.replace(FILES, ONE).replace(SOME_FILES, ONE);
    }

    /// The word as a shell reads it that takes it for a command line.
    static String asText(String word) {
        return asProgram(word).replace(ONE, ANY).replace(PIPE, ANY);
    }
}
