package dev.carrel.image;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/// Who pulls from a registry. Never stored, never logged.
public record Credentials(String username, String password) {
    /// The value of an `Authorization` header.
    String basic() {
        String pair = username + ":" + password;
        return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public String toString() {
        return "Credentials[***]";
    }
}
