package dev.carrel.http;

import java.util.Locale;

/// One header field of an HTTP/1.1 message. No field can be made that would end its line: names are
/// tokens, values hold no control characters but tabs (RFC 9110, 5.5 and 5.6.2).
public record Field(String name, String value) {
    public Field {
        if (!isToken(name)) {
            throw new IllegalArgumentException("not the name of a header field");
        }
        if (!isValue(value)) {
            throw new IllegalArgumentException("not the value of a header field");
        }
    }

    /// The name as it is compared.
    public String key() {
        return name.toLowerCase(Locale.ROOT);
    }

    /// Whether `text` is a token as HTTP has it: a name, a method.
    public static boolean isToken(String text) {
        return !text.isEmpty() && text.chars().allMatch(Field::isTokenChar);
    }

    private static boolean isTokenChar(int c) {
        return c < 0x7f
                && (Character.isLetterOrDigit(c)
                        || (c > 0x20 && "!#$%&'*+-.^_`|~".indexOf(c) >= 0));
    }

    private static boolean isValue(String text) {
        return text.chars().allMatch(c -> (c >= 0x20 && c != 0x7f && c <= 0xff) || c == '\t')
                && text.equals(strip(text));
    }

    /// Without the spaces and tabs around it, and only those.
    static String strip(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && isBlank(text.charAt(start))) {
            start++;
        }
        while (end > start && isBlank(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }
}
