package dev.carrel.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.regex.Pattern;

/// The text of an API key: a prefix that secret scanners can know, then 238 random bits. Nobody can
/// guess it, so one round of SHA-256 hides it as well as a slow hash would, and looking the hash up
/// by an index gives nothing away by its timing: what a caller can vary is not what is compared.
final class KeySecret {
    static final String PREFIX = "crl_live_";
    private static final int RANDOM_CHARS = 40;
    private static final int HINT_CHARS = 4;
    private static final String ALPHABET =
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static final Pattern SHAPE =
            Pattern.compile(PREFIX + "[0-9A-Za-z]{" + RANDOM_CHARS + "}");
    private static final SecureRandom RANDOM = new SecureRandom();

    private KeySecret() {}

    static String next() {
        var text = new StringBuilder(PREFIX);
        for (int i = 0; i < RANDOM_CHARS; i++) {
            text.append(ALPHABET.charAt(RANDOM.nextInt(ALPHABET.length())));
        }
        return text.toString();
    }

    static boolean isShaped(String text) {
        return SHAPE.matcher(text).matches();
    }

    static String hint(String secret) {
        return secret.substring(secret.length() - HINT_CHARS);
    }

    static String hash(String secret) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(secret.getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has it
        }
    }
}
