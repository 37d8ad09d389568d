package dev.carrel.store;

import java.security.SecureRandom;

/// Makes ids such as `sbx_4kq0w…`: a prefix that names the kind, then 100 random bits in
/// Crockford's base 32. They cannot be guessed, and are valid as host names, file names and control
/// group names.
public final class Ids {
    private static final char[] ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz".toCharArray();
    private static final int LENGTH = 20;
    private static final SecureRandom RANDOM = new SecureRandom();

    private Ids() {}

    public static String next(String prefix) {
        var text = new StringBuilder(prefix).append('_');
        for (int i = 0; i < LENGTH; i++) {
            text.append(ALPHABET[RANDOM.nextInt(ALPHABET.length)]);
        }
        return text.toString();
    }

    /// Whether `text` is an id of this kind; says nothing about whether it exists.
    public static boolean isId(String prefix, String text) {
        return text.length() <= prefix.length() + 65
                && text.startsWith(prefix + "_")
                && text.substring(prefix.length() + 1).matches("[0-9a-z_-]+");
    }
}
