package dev.carrel.wire;

/// The whole new text of a memory, Markdown, at most 32 KiB.
public record MemoryRequest(String text) {}
