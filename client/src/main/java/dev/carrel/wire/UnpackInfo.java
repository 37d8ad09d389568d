package dev.carrel.wire;

/// What an archive has left in a sandbox: entries, and the bytes of its files.
public record UnpackInfo(long entries, long bytes) {}
