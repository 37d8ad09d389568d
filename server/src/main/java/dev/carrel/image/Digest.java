package dev.carrel.image;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/// The name of some bytes by their content, as registries write it: `sha256:` and 64 hex digits.
/// Other algorithms are allowed by the OCI specification and used by nobody.
record Digest(String hex) {
    private static final String PREFIX = "sha256:";
    private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");

    Digest {
        if (!HEX.matcher(hex).matches()) {
            throw new IllegalArgumentException("not a sha256: " + hex);
        }
    }

    static Optional<Digest> parse(String text) {
        return text.startsWith(PREFIX) && HEX.matcher(text.substring(PREFIX.length())).matches()
                ? Optional.of(new Digest(text.substring(PREFIX.length())))
                : Optional.empty();
    }

    static Digest of(byte[] bytes) {
        return of(sha256(), bytes);
    }

    /// Ends `digest`, which has read all but `rest`.
    static Digest of(MessageDigest digest, byte... rest) {
        return new Digest(HexFormat.of().formatHex(digest.digest(rest)));
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public String toString() {
        return PREFIX + hex;
    }
}
