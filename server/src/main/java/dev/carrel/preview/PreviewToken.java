package dev.carrel.preview;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// The secret that opens one private preview: 100 random bits behind a prefix, of which the
/// database knows the SHA-256. What a caller sends is hashed before it is compared, and the hashes
/// are compared in constant time.
final class PreviewToken {
    static final String PREFIX = "prv";

    private PreviewToken() {}

    static String hash(String token) {
        return HexFormat.of().formatHex(digest(token));
    }

    static boolean fits(String token, String hash) {
        return MessageDigest.isEqual(digest(token), HexFormat.of().parseHex(hash));
    }

    private static byte[] digest(String token) {
        try {
            return MessageDigest.getInstance("SHA-256")
                    .digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has it
        }
    }
}
