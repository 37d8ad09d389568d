package dev.carrel.wire;

/// One instruction of an image build: `number` of `total`, at `line` of the Dockerfile. `cached`
/// says that an earlier build had done the same.
public record BuildStep(int number, int total, int line, String instruction, boolean cached) {}
