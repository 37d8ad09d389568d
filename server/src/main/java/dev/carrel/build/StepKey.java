package dev.carrel.build;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// Stands for all that has made the files after a step: the same key, the same files, as far as
/// commands do the same again.
record StepKey(String hex) {
    /// Goes up when what steps do changes.
    private static final String VERSION = "1";

    static StepKey ofBase(String identity) {
        return new StepKey("").then("FROM", VERSION, identity);
    }

    /// After one more step, of which `parts` are all that decides.
    StepKey then(String... parts) {
        MessageDigest hash = sha256();
        add(hash, hex);
        for (String part : parts) {
            add(hash, part);
        }
        return new StepKey(HexFormat.of().formatHex(hash.digest()));
    }

    /// With its length before it, so that no two lists of parts look the same.
    static void add(MessageDigest hash, String part) {
        byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
        hash.update((bytes.length + ":").getBytes(StandardCharsets.UTF_8));
        hash.update(bytes);
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
