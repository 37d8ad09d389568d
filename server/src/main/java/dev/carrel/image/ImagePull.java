package dev.carrel.image;

import dev.carrel.error.CarrelException;
import dev.carrel.image.Images.Progress;
import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import dev.carrel.store.Ids;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings one image of a registry to this host: layers that its project does not have yet, side by
/// side, then the root file system out of them. All or nothing; layers that came whole stay for the
/// next attempt. Ends early when its thread is interrupted.
final class ImagePull {
    static final int LAYERS_AT_ONCE = 3;
    static final int ATTEMPTS = 3;

    private static final double UNPACKED = 0.97;
    private static final Logger LOG = LoggerFactory.getLogger(ImagePull.class);

    private final ImageStore store;
    private final LayerRights.Of rights;
    private final Reference reference;
    private final Registry registry;
    private final Consumer<Progress> progress;
    private final AtomicLong done = new AtomicLong();

    ImagePull(
            ImageStore store,
            LayerRights.Of rights,
            Reference reference,
            Registry registry,
            Consumer<Progress> progress) {
        this.store = store;
        this.rights = rights;
        this.reference = reference;
        this.registry = registry;
        this.progress = progress;
    }

    BuiltImage run() throws IOException {
        try (var _ = PullMark.make(store.directory().resolveSibling(""))) {
            return pull();
        }
    }

    private BuiltImage pull() throws IOException {
        progress.accept(new Progress(0, "asking " + reference.registry()));
        Manifest manifest = Manifest.fetch(registry);
        if (!rights.hasImage(manifest.digest()) || store.find(manifest.digest()).isEmpty()) {
            fetch(manifest);
            progress.accept(new Progress(UNPACKED, "putting layers together"));
        }
        Optional<BuiltImage> there = store.find(manifest.digest());
        BuiltImage image = there.isPresent() ? there.get() : assemble(manifest);
        progress.accept(new Progress(1, "done"));
        return image;
    }

    private void fetch(Manifest manifest) throws IOException {
        PullBudget budget = PullBudget.in(store.prepare());
        var atOnce = new Semaphore(LAYERS_AT_ONCE);
        List<Future<?>> layers = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < manifest.layers().size(); i++) {
                Descriptor layer = manifest.layers().get(i);
                Digest content = manifest.contents().get(i);
                layers.add(
                        threads.submit(() -> {
                            atOnce.acquire();
                            try {
                                fetch(manifest, layer, content, budget);
                                return content;
                            } finally {
                                atOnce.release();
                            }
                        }));
            }
            await(layers, threads);
        }
    }

    private static void await(List<Future<?>> layers, ExecutorService threads) throws IOException {
        boolean complete = false;
        try {
            for (Future<?> layer : layers) {
                layer.get();
            }
            complete = true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("the pull was ended");
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException cause -> throw cause;
                case CarrelException cause -> throw cause;
                case null, default -> throw new IllegalStateException(e.getCause());
            }
        } finally {
            if (!complete) {
                threads.shutdownNow(); // one failed, so the others are in vain
            }
        }
    }

    private void fetch(Manifest manifest, Descriptor layer, Digest content, PullBudget budget)
            throws IOException {
        // Of two pulls at once with a layer in common, one gets it and the other waits for it.
        try (var _ = LayerTurn.take(store.layers().folder(content))) {
            for (int attempt = 1; !isOurs(content); attempt++) {
                var taken = new AtomicLong();
                try (InputStream blob = registry.blob(layer.digest())) {
                    LongConsumer tell =
                            got -> {
                                taken.addAndGet(got);
                                tell(manifest, got);
                            };
                    store.layers().add(layer, content, blob, budget, tell);
                    rights.downloaded(content);
                } catch (IOException e) {
                    if (attempt == ATTEMPTS || Thread.currentThread().isInterrupted()) {
                        throw e;
                    }
                    done.addAndGet(-taken.get());
                    LOG.info("layer {} failed, trying again: {}", layer.digest(), e.getMessage());
                }
            }
        }
    }

    /// Whether it is here and the project may have it as it is.
    private boolean isOurs(Digest content) throws IOException {
        return rights.hasLayer(content) && store.layers().claim(content);
    }

    private void tell(Manifest manifest, long bytes) {
        long all = Math.max(1, manifest.sizeBytes());
        long now = Math.min(all, done.addAndGet(bytes));
        progress.accept(
                new Progress(
                        UNPACKED * now / all,
                        "pulled %d of %d MB".formatted(now >> 20, all >> 20)));
    }

    private BuiltImage assemble(Manifest manifest) throws IOException {
        Path half = store.half(Ids.next("img"));
        boolean complete = false;
        try {
            Path root = Files.createDirectory(half.resolve("root"));
            long size = merge(manifest, root);
            Path place = store.folder(manifest.digest());
            var image =
                    new BuiltImage(
                            place.resolve("root"),
                            size,
                            Instant.now(),
                            Optional.of(manifest.digest()),
                            manifest.contents(),
                            manifest.config());
            image.write(half);
            ImageFolder.flush(half);
            complete = store.place(half, place);
            return image;
        } finally {
            if (!complete) {
                ImageFolder.delete(half);
            }
        }
    }

    private long merge(Manifest manifest, Path root) throws IOException {
        int flags = Linux.O_RDONLY | Linux.O_DIRECTORY;
        long size = 0;
        try (Fd top = Linux.open(root.toString(), flags, 0)) {
            var merge = new RootMerge(top);
            for (Digest content : manifest.contents()) {
                Path layer = store.layers().folder(content);
                LayerNotes notes = LayerNotes.read(layer);
                try (Fd from = Linux.open(layer.resolve("root").toString(), flags, 0)) {
                    merge.add(from, notes);
                }
                size += notes.sizeBytes();
            }
            RootFinish.run(top);
        }
        return size;
    }
}
