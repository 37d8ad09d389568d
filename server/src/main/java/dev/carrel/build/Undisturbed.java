package dev.carrel.build;

import dev.carrel.error.CarrelException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;

/// Does work to its end that an interrupt would leave half done: who builds is interrupted when
/// nobody listens any more.
final class Undisturbed {
    private Undisturbed() {}

    /// An interrupt of the calling thread is kept for afterwards. The work has limits of its own.
    static <T> T call(Supplier<T> work) {
        var result = new CompletableFuture<T>();
        Thread.ofVirtual()
                .name("build-undisturbed")
                .start(() -> {
                    try {
                        result.complete(work.get());
                    } catch (RuntimeException | Error e) {
                        result.completeExceptionally(e);
                    }
                });
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return result.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw failure(e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static RuntimeException failure(ExecutionException e) {
        return switch (e.getCause()) {
            case CarrelException known -> known;
            case RuntimeException cause -> cause;
            case null, default -> new IllegalStateException(e.getCause());
        };
    }
}
