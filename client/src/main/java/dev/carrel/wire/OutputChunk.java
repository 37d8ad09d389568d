package dev.carrel.wire;

/// A piece of a running command's output.
public record OutputChunk(String text) {}
