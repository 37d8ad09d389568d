package dev.carrel.session;

import java.nio.charset.StandardCharsets;
import java.time.Instant;

/// A memory as it was when it was looked up; `version` counts its changes from 1. `author` is
/// `deployment`, `api`, or the id of the session that wrote it.
public record StoredMemory(
        String id,
        MemoryName name,
        long version,
        String text,
        String author,
        Instant createdAt,
        Instant updatedAt) {
    /// One of its versions, without the text.
    public record Version(long version, long bytes, String author, Instant createdAt) {}

    /// Changes with each change, and is never that of another text.
    public String tag() {
        return id + "-" + version;
    }

    public int bytes() {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
