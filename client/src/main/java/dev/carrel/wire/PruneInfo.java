package dev.carrel.wire;

/// How many images were removed, and how much room there is for it.
public record PruneInfo(int images, long freedMb) {}
