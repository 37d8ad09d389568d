package dev.carrel.image;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Root file systems to start sandboxes from: folders owned by root, shared read-only by all
/// sandboxes, of this server and of others that use the same directory. An image never changes: a
/// changed recipe makes another one beside it, and sandboxes stay on the one they were made from.
///
/// On disk: `<directory>/<name>/<digest>/` with `root/` and `image.json`, complete as soon as it
/// has that name.
public final class Images {
    /// Where images are unless the caller says otherwise: one place for all servers of a machine.
    public static final Path DIRECTORY_DEFAULT = Path.of("/var/lib/carrel/images");

    private static final String NAME = "[a-z0-9][a-z0-9_-]{0,62}";

    private final Path directory;

    /// A built image; `root` is its root file system on the host.
    public record Image(String name, Path root, long sizeBytes) {}

    /// How far a build is: `fraction` from 0 to 1.
    public record Progress(double fraction, String step) {}

    /// The directory is made with the first build.
    public Images(Path directory) {
        this.directory = directory.toAbsolutePath().normalize();
    }

    /// Where the images are, or will be.
    public Path directory() {
        return directory;
    }

    /// The newest built image of this name. Fails with `IMAGE_NOT_FOUND`, naming those there are.
    public Image get(String name) {
        Optional<BuiltImage> built =
                name.matches(NAME) ? newest(directory.resolve(name)) : Optional.empty();
        return built.map(image -> image.toImage(name)).orElseThrow(() -> notFound(name));
    }

    /// The newest image of each name, by name.
    public List<Image> list() {
        return folders(directory).stream()
                .flatMap(
                        folder -> newest(folder).map(image -> image.toImage(name(folder))).stream())
                .sorted(Comparator.comparing(Image::name))
                .toList();
    }

    /// Builds an image from the recipe of this name, unless it is there already and made from the
    /// recipe as it is now. All or nothing; two builders at once, in two processes even, build
    /// once. `progress` is told on other threads, one call at a time. Fails with `IMAGE_NOT_FOUND`
    /// when there is no such recipe, and with `UNAVAILABLE`, saying why, when this host cannot
    /// build.
    public Image build(String name, Consumer<Progress> progress) {
        Recipe recipe =
                Optional.of(name)
                        .filter(text -> text.matches(NAME))
                        .flatMap(Recipe::find)
                        .orElseThrow(() -> notFound(name));
        try {
            return new ImageBuild(recipe, directory.resolve(name)).run(progress).toImage(name);
        } catch (IOException e) {
            throw new CarrelException(
                    ErrorCode.UNAVAILABLE,
                    "image '" + name + "' could not be built: the host's log says why",
                    e);
        }
    }

    /// Whether [#build] would have nothing to do.
    public boolean isBuilt(String name) {
        try {
            Optional<Recipe> recipe = name.matches(NAME) ? Recipe.find(name) : Optional.empty();
            return recipe.isPresent()
                    && new ImageBuild(recipe.get(), directory.resolve(name)).existing().isPresent();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private CarrelException notFound(String name) {
        List<String> names = list().stream().map(Image::name).toList();
        String there = names.isEmpty() ? "no image is built yet" : "there are: " + join(names);
        String remedy =
                name.matches(NAME) && Recipe.find(name).isPresent()
                        ? "; it has a recipe and is built when the server starts"
                        : "";
        return new CarrelException(
                ErrorCode.IMAGE_NOT_FOUND,
                "image '%s' not found; %s%s".formatted(name, there, remedy));
    }

    private static String join(List<String> names) {
        return String.join(", ", names);
    }

    private static Optional<BuiltImage> newest(Path folder) {
        return folders(folder).stream()
                .flatMap(version -> BuiltImage.read(version).stream())
                .max(Comparator.comparing(BuiltImage::builtAt));
    }

    private static List<Path> folders(Path parent) {
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(parent)) {
            return children.filter(path -> name(path).matches(NAME)).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String name(Path path) {
        return String.valueOf(path.getFileName());
    }
}
