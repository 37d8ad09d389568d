package dev.carrel.image;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Images by digest, out of registries and builds: what their names mean is for others to say. On
/// disk: `<directory>/.store/<hex>/`, an [ImageFolder] each, and their layers in
/// `<directory>/.layers`.
final class ImageStore {
    private static final String HALF = ".half-";

    private final Path directory;
    private final LayerStore layers;

    ImageStore(Path images) {
        this.directory = images.resolve(".store");
        this.layers = new LayerStore(images.resolve(".layers"));
    }

    Path directory() {
        return directory;
    }

    LayerStore layers() {
        return layers;
    }

    Path folder(Digest digest) {
        return directory.resolve(digest.hex());
    }

    Optional<BuiltImage> find(Digest digest) {
        return BuiltImage.read(folder(digest));
    }

    /// Makes the directory, which may be missing before the first image.
    Path prepare() throws IOException {
        return Files.createDirectories(directory);
    }

    /// A new folder to make an image in.
    Path half(String name) throws IOException {
        return Files.createDirectory(prepare().resolve(HALF + name));
    }

    /// Gives a complete image its place; false where another process has made the same one.
    boolean place(Path half, Path place) throws IOException {
        try {
            Files.move(half, place, StandardCopyOption.ATOMIC_MOVE);
            return true;
        } catch (FileSystemException e) {
            if (BuiltImage.read(place).isPresent()) {
                return false;
            }
            ImageFolder.delete(place); // damaged, or it would be an image
            Files.move(half, place, StandardCopyOption.ATOMIC_MOVE);
            return true;
        }
    }

    /// Complete images and damaged ones, but no halves.
    List<ImageFolder> all() throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(directory)) {
            return children.filter(path -> !String.valueOf(path.getFileName()).startsWith("."))
                    .map(ImageFolder::new)
                    .toList();
        }
    }
}
