package dev.carrel.image;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.image.Images.Image;
import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import dev.carrel.store.Ids;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Makes an image out of another one and what was changed since: all or nothing. The files of both
/// are on the disk once, and stay as long as any image has them.
final class ImageCommit {
    private static final int FLAGS = Linux.O_RDONLY | Linux.O_DIRECTORY;

    private final Images images;
    private final ImageStore store;

    ImageCommit(Images images) {
        this.images = images;
        this.store = images.store();
    }

    /// What is known of an image that is to be: the pinned name of its base; what was changed
    /// since, hostile and at most `bytesMax`, absent where only the configuration is another one.
    record Plan(String base, Optional<LayerSource> changes, long bytesMax, ImageConfig config) {}

    /// `named` gives it a name, before anybody could remove it.
    void run(Plan plan, Consumer<Digest> named) throws IOException {
        try (PullMark mark = PullMark.make(images.directory())) {
            BuiltImage image = make(plan);
            images.claim(image.root(), mark.path());
            named.accept(image.digest().orElseThrow());
        }
    }

    private BuiltImage make(Plan plan) throws IOException {
        Path half = store.half(Ids.next("img"));
        boolean complete = false;
        try {
            Image below = images.claim(plan.base(), half);
            List<Digest> layers = new ArrayList<>(BuiltImage.layersOf(below));
            Optional<Digest> top = unpack(plan.changes(), plan.bytesMax());
            top.ifPresent(layers::add);
            BuiltImage image = assemble(below, top, layers, plan.config(), half);
            image.write(half);
            ImageFolder.flush(half);
            complete = store.place(half, image.root().resolveSibling(""));
            return image;
        } finally {
            if (!complete) {
                ImageFolder.delete(half);
            }
        }
    }

    private Optional<Digest> unpack(Optional<LayerSource> changes, long bytesMax)
            throws IOException {
        if (changes.isEmpty()) {
            return Optional.empty();
        }
        var budget = new PullBudget(store.prepare(), bytesMax, PullBudget.ENTRIES_MAX);
        try (LayerPipe pipe = LayerPipe.of(changes.get())) {
            Digest layer = store.layers().add(pipe.in(), budget, pipe::requireWhole);
            if (!store.layers().claim(layer)) {
                throw new IOException("layer " + layer + " is gone");
            }
            return Optional.of(layer);
        } catch (CarrelException e) {
            throw e;
        } catch (IOException e) {
            throw new CarrelException(
                    ErrorCode.IMAGE_INVALID,
                    e.getClass() == IOException.class && e.getCause() == null
                            ? "the image cannot be kept: " + e.getMessage()
                            : "the image cannot be kept: the server's log says why",
                    e);
        }
    }

    private BuiltImage assemble(
            Image below, Optional<Digest> top, List<Digest> layers, ImageConfig config, Path half)
            throws IOException {
        Path root = Files.createDirectory(half.resolve("root"));
        long size = below.sizeBytes();
        try (Fd into = Linux.open(root.toString(), FLAGS, 0)) {
            var merge = new RootMerge(into);
            try (Fd from = Linux.open(below.root().toString(), FLAGS, 0)) {
                merge.add(from, LayerNotes.NONE);
            }
            if (top.isPresent()) {
                Path layer = store.layers().folder(top.get());
                LayerNotes notes = LayerNotes.read(layer);
                try (Fd from = Linux.open(layer.resolve("root").toString(), FLAGS, 0)) {
                    merge.add(from, notes);
                }
                size += notes.sizeBytes();
            }
            RootFinish.run(into);
        }
        Digest digest = digest(below, top, config);
        Path place = store.folder(digest).resolve("root");
        return new BuiltImage(place, size, Instant.now(), Optional.of(digest), layers, config);
    }

    /// Of all that makes the image what it is.
    private static Digest digest(Image below, Optional<Digest> top, ImageConfig config) {
        var hash = new PartsHash();
        hash.add("built2", below.identity(), top.map(Digest::toString).orElse(""));
        hash.add(PartsHash.of(config.env()), config.user(), config.workingDirectory());
        hash.add(PartsHash.of(config.labels()));
        return new Digest(hash.hex());
    }
}
