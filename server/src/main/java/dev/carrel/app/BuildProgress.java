package dev.carrel.app;

import dev.carrel.image.Images;
import java.util.function.Consumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/// Shows on standard error how an image is being built: a bar on a terminal, else a line for each
/// tenth. Nothing is shown when there is nothing to build.
final class BuildProgress implements Consumer<Images.Progress>, AutoCloseable {
    private static final int PERCENT = 100;
    private static final int TENTHS = 10;

    private final Object lock = new Object();
    private final String image;
    private final boolean terminal;
    private @org.jspecify.annotations.Nullable ProgressBar bar; // guarded by lock
    private int lastTenth = -1; // guarded by lock

    BuildProgress(String image, boolean terminal) {
        this.image = image;
        this.terminal = terminal;
    }

    @Override
    public void accept(Images.Progress progress) {
        synchronized (lock) {
            if (terminal) {
                ProgressBar shown = bar == null ? open() : bar;
                bar = shown;
                shown.stepTo(Math.round(progress.fraction() * PERCENT));
                shown.setExtraMessage(progress.step());
            } else if ((int) (progress.fraction() * TENTHS) > lastTenth) {
                lastTenth = (int) (progress.fraction() * TENTHS);
                System.err.printf(
                        "Building image %s: %d%%, %s%n",
                        image, lastTenth * TENTHS, progress.step());
            }
        }
    }

    private ProgressBar open() {
        return new ProgressBarBuilder()
                .setTaskName("Building image " + image)
                .setInitialMax(PERCENT)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(200)
                .build();
    }

    @Override
    public void close() {
        synchronized (lock) {
            if (bar != null) {
                bar.close();
            }
        }
    }
}
