package dev.carrel.sandbox;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/// Does the same to many sandboxes, a few at a time.
final class Parallel {
    private static final int AT_ONCE = 8;

    private Parallel() {}

    /// Returns when all are done; throws what the first of them threw.
    static <T> void forEach(Collection<T> items, Consumer<T> action) {
        if (items.size() == 1) {
            action.accept(items.iterator().next());
            return;
        }
        var free = new Semaphore(AT_ONCE);
        List<Future<?>> all = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (T item : items) {
                free.acquireUninterruptibly();
                all.add(
                        threads.submit(() -> {
                            try {
                                action.accept(item);
                            } finally {
                                free.release();
                            }
                        }));
            }
        }
        all.forEach(Parallel::rethrow);
    }

    private static void rethrow(Future<?> done) {
        try {
            done.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw new IllegalStateException(e);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // it is done: this did not wait
        }
    }
}
