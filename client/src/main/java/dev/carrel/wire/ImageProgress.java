package dev.carrel.wire;

/// How far a pull or build is: `fraction` from 0 to 1.
public record ImageProgress(double fraction, String step) {}
