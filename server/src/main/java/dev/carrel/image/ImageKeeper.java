package dev.carrel.image;

import dev.carrel.image.ProjectImages.Pruned;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Removes unused images from time to time, on a thread of its own.
final class ImageKeeper implements AutoCloseable {
    static final Duration UNUSED_MAX = Duration.ofDays(30);

    /// With less than this left on the disk, images go much earlier.
    static final long FREE_BYTES_MIN = 5L << 30;

    static final Duration UNUSED_MAX_FULL = Duration.ofHours(1);

    private static final Duration ROUND_EVERY = Duration.ofHours(1);
    private static final Logger LOG = LoggerFactory.getLogger(ImageKeeper.class);

    private final Images images;
    private final Function<Duration, Pruned> prune;
    private final CountDownLatch closed = new CountDownLatch(1);

    ImageKeeper(Images images, Function<Duration, Pruned> prune) {
        this.images = images;
        this.prune = prune;
    }

    void start() {
        Thread.ofVirtual()
                .name("image-keeper")
                .start(() -> {
                    tidy();
                    while (!awaitClosed()) {
                        try {
                            round();
                        } catch (IOException | RuntimeException e) {
                            LOG.warn("unused images could not be removed, trying again later", e);
                        }
                    }
                });
    }

    private void tidy() {
        try {
            images.tidy();
        } catch (IOException | RuntimeException e) {
            LOG.warn("half made images could not be removed, trying again later", e);
        }
    }

    private void round() throws IOException {
        Path directory = images.directory();
        if (!Files.isDirectory(directory)) {
            return;
        }
        boolean full = Files.getFileStore(directory).getUsableSpace() < FREE_BYTES_MIN;
        Pruned pruned = prune.apply(full ? UNUSED_MAX_FULL : UNUSED_MAX);
        if (pruned.images() > 0) {
            LOG.info("removed {} unused images, {} MB", pruned.images(), pruned.bytes() >> 20);
        }
    }

    private boolean awaitClosed() {
        try {
            return closed.await(ROUND_EVERY.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            return true; // nobody interrupts this thread but a shutdown
        }
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
