package dev.carrel.model;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// A name for how a conversation begins. OpenAI sends requests of one key to the same machine, so
/// that a step finds what the step before it left in the cache there.
final class CacheKey {
    private static final int DIGITS = 32;

    private CacheKey() {}

    /// The same for all steps of a conversation, and another for others: system prompt and first
    /// message make it.
    static String of(ChatRequest request) {
        String first = request.messages().isEmpty() ? "" : request.messages().getFirst().toString();
        byte[] start = (request.system() + '\0' + first).getBytes(StandardCharsets.UTF_8);
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(start);
            return HexFormat.of().formatHex(hash).substring(0, DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
