package dev.carrel.cli;

import dev.carrel.client.ImageCalls.BuildProgress;
import dev.carrel.wire.BuildNote;
import dev.carrel.wire.BuildOutput;
import dev.carrel.wire.BuildStep;
import dev.carrel.wire.ImageProgress;
import org.jspecify.annotations.Nullable;

/// Shows a build on standard error: each step with its number, what it writes, and a bar while the
/// image below is on its way. Used by one thread.
final class BuildDisplay implements BuildProgress, AutoCloseable {
    private final String image;
    private @Nullable PullProgress base;
    private boolean atLineStart = true;

    BuildDisplay(String image) {
        this.image = image;
    }

    @Override
    public void step(BuildStep step) {
        close();
        line(
                "[%d/%d] %s%s"
                        .formatted(
                                step.number(),
                                step.total(),
                                step.cached() ? "CACHED " : "",
                                step.instruction()));
    }

    @Override
    public void output(BuildOutput output) {
        for (int i = 0; i < output.text().length(); i++) {
            char c = output.text().charAt(i);
            if (atLineStart) {
                System.err.print("  ");
            }
            // What runs there must not move the cursor here.
            System.err.print(c == '\n' || c == '\t' || !Character.isISOControl(c) ? c : ' ');
            atLineStart = c == '\n';
        }
        System.err.flush();
    }

    @Override
    public void note(BuildNote note) {
        String place = note.line() == 0 ? "" : " (line " + note.line() + ")";
        line("  note%s: %s".formatted(place, note.text()));
    }

    @Override
    public void base(ImageProgress progress) {
        PullProgress shown = base == null ? new PullProgress("below " + image) : base;
        base = shown;
        shown.accept(progress);
    }

    private void line(String text) {
        if (!atLineStart) {
            System.err.println();
        }
        System.err.println(text);
        atLineStart = true;
    }

    @Override
    public void close() {
        if (base != null) {
            base.close();
            base = null;
        }
    }
}
