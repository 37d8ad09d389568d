package dev.carrel.tool;

import java.util.ArrayList;
import java.util.List;

/// Braces of a shell: `a{b,c}` is `ab ac`. Those that were not quoted have marks in their places.
final class Braces {
    /// More words are one that may be anything.
    static final int WORDS_MAX = 64;

    private static final char OPEN = '\uF8E6';
    private static final char COMMA = '\uF8E7';
    private static final char CLOSE = '\uF8E8';

    private Braces() {}

    static char mark(char c) {
        return switch (c) {
            case '{' -> OPEN;
            case ',' -> COMMA;
            case '}' -> CLOSE;
            default -> c;
        };
    }

    static String plain(String word) {
        return word.replace(OPEN, '{').replace(COMMA, ',').replace(CLOSE, '}');
    }

    static List<String> expand(String word) {
        if (word.chars().filter(c -> c == OPEN).count() > WORDS_MAX) {
            return List.of(String.valueOf(Hole.ANY));
        }
        var words = new ArrayList<String>();
        expand(word, 0, words);
        return words.size() > WORDS_MAX ? List.of(String.valueOf(Hole.ANY)) : words;
    }

    private static void expand(String word, int from, List<String> words) {
        int open = word.indexOf(OPEN, from);
        if (words.size() > WORDS_MAX) {
            return;
        }
        if (open < 0) {
            words.add(plain(word));
            return;
        }
        List<Integer> commas = new ArrayList<>(List.of(open));
        int close = close(word, open, commas);
        if (close < 0) {
            expand(word, open + 1, words);
        } else if (commas.size() > 1) {
            commas.add(close);
            for (int i = 1; i < commas.size(); i++) {
                String part = word.substring(commas.get(i - 1) + 1, commas.get(i));
                expand(word.substring(0, open) + part + word.substring(close + 1), open, words);
            }
        } else if (word.substring(open, close).contains("..")) {
            String rest = word.substring(close + 1);
            expand(word.substring(0, open) + Hole.ONE + rest, open, words);
        } else {
            expand(word, open + 1, words);
        }
    }

    /// Where the brace is closed, or -1; adds the places of the commas that part it.
    private static int close(String word, int open, List<Integer> commas) {
        int depth = 0;
        for (int i = open; i < word.length(); i++) {
            switch (word.charAt(i)) {
                case OPEN -> depth++;
                case COMMA -> {
                    if (depth == 1) {
                        commas.add(i);
                    }
                }
                case CLOSE -> {
                    if (--depth == 0) {
                        return i;
                    }
                }
                default -> {}
            }
        }
        return -1;
    }
}
