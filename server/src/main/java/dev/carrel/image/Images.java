package dev.carrel.image;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/// Root file systems to start sandboxes from: folders owned by root, shared read-only by all
/// sandboxes.
public final class Images {
    /// A built image; `root` is its root file system on the host.
    public record Image(String name, Path root, long sizeBytes) {}

    /// How far a build is: `fraction` from 0 to 1.
    public record Progress(double fraction, String step) {}

    public Images(Path directory) {
        throw new IllegalStateException("not built yet");
    }

    /// Fails with `IMAGE_NOT_FOUND`, naming those there are and how to build it.
    public Image get(String name) {
        throw new IllegalStateException("not built yet");
    }

    public List<Image> list() {
        throw new IllegalStateException("not built yet");
    }

    /// Builds an image from the recipe of this name, unless it is there and newer than its recipe.
    /// All or nothing; two builders at once, in two processes even, build once.
    public Image build(String name, Consumer<Progress> progress) {
        throw new IllegalStateException("not built yet");
    }
}
