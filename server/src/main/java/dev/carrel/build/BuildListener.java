package dev.carrel.build;

import dev.carrel.image.Images.Progress;
import dev.carrel.sandbox.Execution;

/// Hears how a build goes on, on the thread that runs it. What it throws ends the build.
public interface BuildListener {
    /// For callers that want the end alone.
    BuildListener NONE = new BuildListener() {};

    /// One instruction, of `total`; `isCached` when an earlier build has done it.
    record Step(int number, int total, int line, String text, boolean isCached) {}

    default void step(Step step) {}

    default void output(Execution.Stream stream, String text) {}

    /// Something that is not done, or not as it may seem.
    default void note(int line, String text) {}

    /// How far the image that a stage begins on is.
    default void progress(Progress progress) {}
}
