package dev.carrel.tool;

import java.util.ArrayList;
import java.util.List;

/// Text in which a model finds and replaces passages without knowing its line endings: where the
/// text has CRLF, passages match as if all line ends were LF, and what is put in gets the ends of
/// what it replaces. Other text is taken exactly.
final class EditableText {
    private final String original;
    private final String plain;
    private final boolean crlf;
    private final boolean mostly;

    EditableText(String original) {
        this.original = original;
        this.crlf = original.contains("\r\n");
        this.mostly = mostlyCrlf(original);
        this.plain = plain(original);
    }

    /// A passage as this text compares it.
    String plain(String passage) {
        return crlf ? passage.replace("\r\n", "\n") : passage;
    }

    /// The text as passages are compared with it.
    String plain() {
        return plain;
    }

    /// Where `passage` begins in [#plain()], overlapping ones included, at most `max`.
    List<Integer> find(String passage, int max) {
        List<Integer> found = new ArrayList<>();
        int at = plain.indexOf(passage);
        while (at >= 0 && found.size() < max) {
            found.add(at);
            at = plain.indexOf(passage, at + 1);
        }
        return found;
    }

    /// The line, from 1, of a position in [#plain()].
    int line(int position) {
        return 1 + (int) plain.substring(0, position).chars().filter(c -> c == '\n').count();
    }

    /// The original with each occurrence of `passage` replaced, from the first on, none
    /// overlapping.
    String replace(String passage, String replacement) {
        String with = plain(replacement);
        var result = new StringBuilder();
        int copied = 0;
        int position = 0; // in the original, for `at` in the plain text
        int last = 0;
        for (int at = plain.indexOf(passage); at >= 0; at = plain.indexOf(passage, last)) {
            int start = advance(position, at - last);
            int end = advance(start, passage.length());
            result.append(original, copied, start);
            result.append(isCrlf(original.substring(start, end)) ? toCrlf(with) : with);
            copied = end;
            position = end;
            last = at + passage.length();
        }
        return result.append(original, copied, original.length()).toString();
    }

    /// The position in the original after `count` more characters of the plain text.
    private int advance(int position, int count) {
        if (!crlf) {
            return position + count;
        }
        int result = position;
        for (int i = 0; i < count; i++) {
            result += original.startsWith("\r\n", result) ? 2 : 1;
        }
        return result;
    }

    /// Whether new lines in place of `passage` end with CRLF: as its own do, or if it has none, as
    /// most of the text do.
    private boolean isCrlf(String passage) {
        return crlf && (passage.contains("\n") ? mostlyCrlf(passage) : mostly);
    }

    private static boolean mostlyCrlf(String text) {
        long ends = text.chars().filter(c -> c == '\n').count();
        long pairs = text.split("\r\n", -1).length - 1L;
        return pairs > 0 && pairs * 2 >= ends;
    }

    private static String toCrlf(String text) {
        return text.replace("\n", "\r\n");
    }
}
