package dev.carrel.cli;

import dev.carrel.wire.ImageProgress;
import java.util.function.Consumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/// Shows on standard error how far a pull is: a bar on a terminal, else a line for each tenth. Used
/// by one thread.
final class PullProgress implements Consumer<ImageProgress>, AutoCloseable {
    private static final int PERCENT = 100;
    private static final int TENTHS = 10;

    private final String title;
    private @Nullable ProgressBar bar;
    private int lastTenth = -1;

    PullProgress(String image) {
        this.title = "Image " + image;
    }

    @Override
    public void accept(ImageProgress progress) {
        if (Terminal.onTerminal()) {
            ProgressBar shown = bar == null ? open() : bar;
            bar = shown;
            shown.stepTo(Math.round(progress.fraction() * PERCENT));
            shown.setExtraMessage(progress.step());
        } else if ((int) (progress.fraction() * TENTHS) > lastTenth) {
            lastTenth = (int) (progress.fraction() * TENTHS);
            System.err.printf("%s: %d%%, %s%n", title, lastTenth * TENTHS, progress.step());
        }
    }

    private ProgressBar open() {
        return new ProgressBarBuilder()
                .setTaskName(title)
                .setInitialMax(PERCENT)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(200)
                .build();
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
