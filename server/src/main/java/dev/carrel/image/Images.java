package dev.carrel.image;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
    private final ImageStore store;
    private final RecipeVersions versions = new RecipeVersions();

    /// An image that is here; `root` is its root file system on the host, `digest` is empty for
    /// images of recipes.
    public record Image(
            String name,
            Path root,
            long sizeBytes,
            Instant createdAt,
            String digest,
            ImageConfig config) {
        /// What no other image has.
        public String identity() {
            return digest.isEmpty() ? Images.name(root.resolveSibling("")) : digest;
        }
    }

    /// How far a build is: `fraction` from 0 to 1.
    public record Progress(double fraction, String step) {}

    /// The directory is made with the first build.
    public Images(Path directory) {
        this.directory = directory.toAbsolutePath().normalize();
        this.store = new ImageStore(this.directory);
    }

    ImageStore store() {
        return store;
    }

    /// Where the images are, or will be.
    public Path directory() {
        return directory;
    }

    /// The image of this name: the newest of a recipe, or the one with the digest that the name
    /// ends in. Fails with `IMAGE_NOT_FOUND`, naming those there are. Who may use it is for
    /// [ProjectImages] to say.
    public Image get(String name) {
        return find(name).orElseThrow(() -> notFound(name));
    }

    Optional<Image> find(String name) {
        int at = name.indexOf('@');
        Optional<BuiltImage> built =
                at >= 0
                        ? Digest.parse(name.substring(at + 1)).flatMap(store::find)
                        : name.matches(NAME)
                                ? versions.newest(directory.resolve(name))
                                : Optional.empty();
        return built.map(image -> image.toImage(name));
    }

    /// The same, and keeps the image here for as long as `user` exists: a file or folder of the
    /// host, which must exist already. Nothing has to be given back. Fails with `IMAGE_NOT_FOUND`
    /// when the image was removed meanwhile.
    public Image claim(String name, Path user) throws IOException {
        try (var _ = StoreLock.take(directory)) {
            Image image = get(name);
            folder(image.root()).addUser(user);
            return image;
        }
    }

    /// Keeps the image with this root for another user as well, as [#claim] does.
    public void claim(Path root, Path user) throws IOException {
        try (var _ = StoreLock.take(directory)) {
            if (BuiltImage.read(folder(root).path()).isEmpty()) {
                throw new CarrelException(
                        ErrorCode.IMAGE_NOT_FOUND, "the image of this disk was removed");
            }
            folder(root).addUser(user);
        }
    }

    /// What the image with this root says of its commands; nothing where it is damaged.
    public static ImageConfig configOf(Path root) {
        return BuiltImage.read(folder(root).path())
                .map(BuiltImage::config)
                .orElse(ImageConfig.NONE);
    }

    static int usersOf(Image image) {
        try {
            return folder(image.root()).userCount();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ImageFolder folder(Path root) {
        return new ImageFolder(root.resolveSibling(""));
    }

    /// Fails with `INVALID_REQUEST` or `CONFLICT` where a built image cannot have this name.
    void requireFree(String name) {
        if (!name.matches(NAME)) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "name",
                    "name must have up to 63 lower-case letters, digits, - and _; there are no tags");
        }
        if (Recipe.find(name).isPresent()) {
            throw CarrelException.ofParam(
                    ErrorCode.CONFLICT, "name", "'" + name + "' is a recipe; take another name");
        }
    }

    void requireRecipe(String name) {
        if (!name.matches(NAME) || Recipe.find(name).isEmpty()) {
            throw notFound(name);
        }
    }

    BuiltImage buildRecipe(String name, Consumer<Progress> progress) throws IOException {
        Recipe recipe = Recipe.find(name).orElseThrow(() -> notFound(name));
        return new RecipeBuild(recipe, directory.resolve(name)).run(progress);
    }

    ImagePrune.Pruned prune(Duration unusedFor, Set<Digest> spared) throws IOException {
        return new ImagePrune(directory, store, recipes()).run(unusedFor, spared);
    }

    void tidy() throws IOException {
        new ImagePrune(directory, store, recipes()).tidy();
    }

    List<String> recipes() {
        return Recipe.names();
    }

    /// The newest image of each name, by name.
    public List<Image> list() {
        return folders(directory).stream()
                .flatMap(folder ->
                        versions.newest(folder).map(image -> image.toImage(name(folder))).stream())
                .sorted(Comparator.comparing(Image::name))
                .toList();
    }

    /// Builds an image from the recipe of this name, unless it is there already and made from the
    /// recipe as it is now. All or nothing; two builders at once, in two processes even, build
    /// once. `progress` is told on other threads, one call at a time. Fails with `IMAGE_NOT_FOUND`
    /// when there is no such recipe, and with `UNAVAILABLE`, saying why, when this host cannot
    /// build.
    public Image build(String name, Consumer<Progress> progress) {
        requireRecipe(name);
        try {
            return buildRecipe(name, progress).toImage(name);
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
                    && new RecipeBuild(recipe.get(), directory.resolve(name))
                            .existing()
                            .isPresent();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private CarrelException notFound(String name) {
        List<String> names = list().stream().map(Image::name).toList();
        String there = names.isEmpty() ? "no image is built yet" : "there are: " + join(names);
        String remedy =
                name.matches(NAME) && Recipe.find(name).isPresent()
                        ? "; it has a recipe: carrel images pull " + name
                        : "; images of registries have a tag: " + hint(name);
        return new CarrelException(
                ErrorCode.IMAGE_NOT_FOUND,
                "image '%s' not found; %s%s".formatted(name, there, remedy));
    }

    private static String hint(String name) {
        return name.matches(NAME) ? name + ":latest" : "python:3.13";
    }

    private static String join(List<String> names) {
        return String.join(", ", names);
    }

    /// Those in `parent` that are not set aside or half made.
    static List<Path> folders(Path parent) {
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
