package dev.carrel.image;

import dev.carrel.image.Images.Image;
import dev.carrel.image.Images.Progress;
import java.util.Optional;

/// One line of a project's list of images. `image` is absent while it is being pulled for the first
/// time, and where it is only available: a recipe that was not built, an image that was pruned.
public record ImageEntry(
        String name, Kind kind, Optional<Image> image, int usedBy, Optional<Progress> progress) {
    /// Where an image comes from.
    public enum Kind {
        RECIPE,
        PULLED,
        BUILT
    }
}
