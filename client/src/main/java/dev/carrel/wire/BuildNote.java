package dev.carrel.wire;

/// Something in a Dockerfile that is not done, or not as it may seem; `line` is 0 where it is none.
public record BuildNote(int line, String text) {}
