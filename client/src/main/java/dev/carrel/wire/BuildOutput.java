package dev.carrel.wire;

/// What a command of an image build has written; `stream` is `stdout` or `stderr`.
public record BuildOutput(String stream, String text) {}
