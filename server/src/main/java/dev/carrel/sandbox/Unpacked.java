package dev.carrel.sandbox;

/// What an archive has left in a sandbox: entries, and the bytes of its files.
public record Unpacked(long entries, long bytes) {}
