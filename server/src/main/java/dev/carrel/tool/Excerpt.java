package dev.carrel.tool;

/// Cuts text to a length, in UTF-16 units, and says so in the text. Never cuts a character in two.
public final class Excerpt {
    private Excerpt() {}

    /// The beginning, when there are more than `max` characters, with a note after it.
    public static String head(String text, int max) {
        if (text.length() <= max) {
            return text;
        }
        int end = boundary(text, max);
        return text.substring(0, end) + "… [" + (text.length() - end) + " more characters cut]";
    }

    /// The beginning and the end, when there are more than `max` characters, with a note between
    /// them: what a command says last matters most, and what it says first comes next.
    public static String middle(String text, int max) {
        if (text.length() <= max) {
            return text;
        }
        int head = boundary(text, max / 2);
        int tail = boundary(text, text.length() - (max - max / 2));
        return text.substring(0, head)
                + "\n… ["
                + (tail - head)
                + " characters cut in the middle] …\n"
                + text.substring(tail);
    }

    private static int boundary(String text, int index) {
        return index > 0
                        && index < text.length()
                        && Character.isLowSurrogate(text.charAt(index))
                        && Character.isHighSurrogate(text.charAt(index - 1))
                ? index - 1
                : index;
    }
}
