package dev.carrel.image;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.image.Images.Progress;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/// A pull or build under way. It has a thread of its own, so that it goes on when whoever asked for
/// it has gone; any number of threads may wait for it.
final class Pull {
    private static final Duration LOOK_EVERY = Duration.ofMillis(200);

    private final CompletableFuture<BuiltImage> result = new CompletableFuture<>();
    private final Instant startedAt = Instant.now();
    private volatile Progress progress = new Progress(0, "waiting for other pulls to end");

    void tell(Progress now) {
        progress = now;
    }

    Progress progress() {
        return progress;
    }

    Instant startedAt() {
        return startedAt;
    }

    CompletableFuture<BuiltImage> result() {
        return result;
    }

    /// Waits, telling `listener` of the progress; empty when `wait` is over before the pull. Fails
    /// as the pull did. An interrupt ends the waiting and not the pull.
    Optional<BuiltImage> await(Duration wait, Consumer<Progress> listener)
            throws InterruptedException {
        long deadline = System.nanoTime() + wait.toNanos();
        Progress told = progress;
        listener.accept(told);
        while (true) {
            long left = deadline - System.nanoTime();
            try {
                BuiltImage image =
                        result.get(Math.clamp(left, 0, LOOK_EVERY.toNanos()), TimeUnit.NANOSECONDS);
                listener.accept(new Progress(1, "done"));
                return Optional.of(image);
            } catch (TimeoutException e) {
                if (left <= 0) {
                    return Optional.empty();
                }
                Progress now = progress;
                if (!now.equals(told)) {
                    told = now;
                    listener.accept(now);
                }
            } catch (ExecutionException e) {
                throw failure(e.getCause());
            }
        }
    }

    // A new one for each who waits, with its own trace.
    private static CarrelException failure(@org.jspecify.annotations.Nullable Throwable cause) {
        return cause instanceof CarrelException known
                ? new CarrelException(known.code(), known.text(), known)
                : new CarrelException(
                        ErrorCode.INTERNAL_ERROR, "the image could not be pulled", cause);
    }
}
