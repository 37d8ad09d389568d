package dev.carrel.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// Removes images that nobody uses, then the layers that no image has left. What is removed is
/// renamed under the [StoreLock] and deleted after it: a crash in between leaves only rubbish,
/// which the next run takes.
final class ImagePrune {
    private static final String REMOVING = ".removing-";
    private static final String HALF = ".half-";

    private final Path directory;
    private final ImageStore store;
    private final List<String> recipes;

    ImagePrune(Path directory, ImageStore store, List<String> recipes) {
        this.directory = directory;
        this.store = store;
        this.recipes = recipes;
    }

    /// What a run has removed: images by digest, and how much room there is for it.
    record Pruned(Set<Digest> images, int recipeVersions, long bytes) {}

    /// Removes what has not been used for so long, `spared` excepted.
    Pruned run(Duration unusedFor, Set<Digest> spared) throws IOException {
        if (!Files.isDirectory(directory)) {
            return new Pruned(Set.of(), 0, 0);
        }
        Instant before = Instant.now().minus(unusedFor);
        List<Path> rubbish = new ArrayList<>();
        Set<Digest> images = new HashSet<>();
        int versions = 0;
        long bytes = 0;
        try (var _ = StoreLock.take(directory)) {
            for (ImageFolder folder : store.all()) {
                Optional<BuiltImage> image = BuiltImage.read(folder.path());
                Optional<Digest> digest = image.flatMap(BuiltImage::digest);
                if (digest.filter(spared::contains).isEmpty() && isUnused(folder, before)) {
                    rubbish.add(setAside(folder.path()));
                    digest.ifPresent(images::add);
                }
            }
            for (ImageFolder folder : oldVersions()) {
                if (isUnused(folder, before)) {
                    bytes += BuiltImage.read(folder.path()).map(BuiltImage::sizeBytes).orElse(0L);
                    rubbish.add(setAside(folder.path()));
                    versions++;
                }
            }
            if (!PullMark.anybodyPulls(directory)) {
                bytes += setAsideLayers(rubbish);
                rubbish.addAll(remains());
            }
        }
        for (Path path : rubbish) {
            ImageFolder.delete(path);
        }
        return new Pruned(images, versions, bytes);
    }

    /// Removes what processes that died have left behind, unless somebody pulls or builds now.
    void tidy() throws IOException {
        List<Path> rubbish = new ArrayList<>();
        if (!Files.isDirectory(directory)) {
            return;
        }
        try (var _ = StoreLock.take(directory)) {
            if (!PullMark.anybodyPulls(directory)) {
                for (Path left : remains()) {
                    rubbish.add(setAside(left));
                }
            }
        }
        for (Path path : rubbish) {
            ImageFolder.delete(path);
        }
    }

    private static boolean isUnused(ImageFolder folder, Instant before) throws IOException {
        folder.forgetGone();
        return folder.userCount() == 0 && !folder.lastUsed().isAfter(before);
    }

    /// All versions of the recipes' images but the newest, which the next sandbox may want.
    private List<ImageFolder> oldVersions() throws IOException {
        List<ImageFolder> old = new ArrayList<>();
        for (String recipe : recipes) {
            List<Path> versions = children(directory.resolve(recipe));
            Optional<Path> newest =
                    RecipeVersions.look(directory.resolve(recipe)).map(BuiltImage::root);
            for (Path version : versions) {
                boolean isVersion = BuiltImage.read(version).isPresent();
                if (isVersion && newest.filter(root -> root.startsWith(version)).isEmpty()) {
                    old.add(new ImageFolder(version));
                }
            }
        }
        return old;
    }

    private long setAsideLayers(List<Path> rubbish) throws IOException {
        Set<Digest> used = new HashSet<>();
        for (ImageFolder folder : store.all()) {
            BuiltImage.read(folder.path()).ifPresent(image -> used.addAll(image.layers()));
        }
        long bytes = 0;
        for (Path layer : children(store.layers().directory())) {
            String name = String.valueOf(layer.getFileName());
            boolean isUsed = used.stream().anyMatch(digest -> digest.hex().equals(name));
            if (!name.startsWith(".") && !isUsed) {
                bytes += LayerNotes.read(layer).sizeBytes();
                rubbish.add(setAside(layer));
            }
        }
        return bytes;
    }

    /// What processes that died left behind, while nobody pulls.
    private List<Path> remains() throws IOException {
        List<Path> found = new ArrayList<>();
        for (Path parent : List.of(store.layers().directory(), store.directory(), directory)) {
            for (Path child : children(parent)) {
                String name = String.valueOf(child.getFileName());
                if (name.startsWith(HALF) || name.startsWith(REMOVING)) {
                    found.add(child);
                }
            }
        }
        return found;
    }

    private Path setAside(Path path) throws IOException {
        Path aside = directory.resolve(REMOVING + dev.carrel.store.Ids.next("rem"));
        return Files.move(path, aside, StandardCopyOption.ATOMIC_MOVE);
    }

    private static List<Path> children(Path parent) throws IOException {
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(parent)) {
            return children.toList();
        }
    }
}
