package dev.carrel.wire;

import java.time.Instant;

/// A version of a memory whose text is kept; `?version=` gives it.
public record MemoryVersion(long version, long bytes, String updatedBy, Instant createdAt) {}
