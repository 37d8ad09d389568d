package dev.carrel.image;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Map;
import java.util.TreeMap;

/// A hash of texts, each with its length before it, so that no two lists of texts have the same.
/// Used by one thread.
public final class PartsHash {
    private final MessageDigest hash = sha256();

    public PartsHash add(String... parts) {
        for (String part : parts) {
            byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
            hash.update((bytes.length + ":").getBytes(StandardCharsets.UTF_8));
            hash.update(bytes);
        }
        return this;
    }

    /// Ends it.
    public String hex() {
        return Digest.of(hash).hex();
    }

    /// Stands for a map, however it is sorted.
    public static String of(Map<String, String> map) {
        var hash = new PartsHash();
        new TreeMap<>(map).forEach((name, value) -> hash.add(name, value));
        return hash.hex();
    }

    public static MessageDigest sha256() {
        return Digest.sha256();
    }
}
