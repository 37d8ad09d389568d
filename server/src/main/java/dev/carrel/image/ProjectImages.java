package dev.carrel.image;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.image.ImageEntry.Kind;
import dev.carrel.image.Images.Image;
import dev.carrel.image.Images.Progress;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/// The images that a project may use: those of the recipes, which all may, and those that it has
/// pulled itself, with its own or the operator's credentials. Two projects that pull the same image
/// share its files and not the permission.
public final class ProjectImages implements AutoCloseable {
    /// How long making a sandbox waits for its image; the pull goes on after that.
    static final Duration PIN_WAIT = Duration.ofSeconds(90);

    /// What was used more lately may be about to be used again.
    public static final Duration UNUSED_DEFAULT = ImageKeeper.UNUSED_MAX_FULL;

    private final Images images;
    private final ImageStore store;
    private final ImageNames names;
    private final LayerRights rights;
    private final RegistrySettings registries;
    private final Pulls pulls = new Pulls();
    private final ImageKeeper keeper;

    public ProjectImages(Images images, Store store, RegistrySettings registries) {
        this.images = images;
        this.store = images.store();
        this.names = new ImageNames(store);
        this.rights = new LayerRights(this.store, names);
        this.registries = registries;
        this.keeper = new ImageKeeper(images, this::prune);
    }

    /// What a name means now, as a name that always means the same: with a digest, or that of a
    /// recipe. Pulls or builds what is not here yet, and fails with `UNAVAILABLE` when that takes
    /// longer than 90 seconds: then the same call later finds it done. Other failures are those of
    /// [#pull], and `IMAGE_NOT_FOUND`.
    public String pin(ProjectId project, String name) {
        if (Reference.looksLikeOne(name)) {
            Reference reference = Reference.parse(name);
            String canonical = reference.canonical();
            Optional<Digest> known = here(project, canonical);
            return pinned(canonical, known.orElseGet(() -> awaitPull(project, reference)));
        }
        Optional<Digest> own = here(project, name);
        if (own.isPresent()) {
            return pinned(name, own.get());
        }
        if (images.find(name).isEmpty()) {
            images.requireRecipe(name);
            await(name, startBuild(project, name));
        }
        return name;
    }

    private static String pinned(String name, Digest digest) {
        return name.contains("@") ? name : name + "@" + digest;
    }

    private Optional<Digest> here(ProjectId project, String name) {
        return names.find(project, name)
                .map(ImageNames.Row::digest)
                .filter(digest -> store.find(digest).isPresent());
    }

    private Digest awaitPull(ProjectId project, Reference reference) {
        Pull pull = start(project, reference, Optional.empty());
        return await(reference.canonical(), pull).digest().orElseThrow();
    }

    private static BuiltImage await(String name, Pull pull) {
        try {
            return pull.await(PIN_WAIT, progress -> {})
                    .orElseThrow(() -> stillComing(name, pull.progress()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw stillComing(name, pull.progress());
        }
    }

    private static CarrelException stillComing(String name, Progress progress) {
        return new CarrelException(
                ErrorCode.UNAVAILABLE,
                ("image %s is not here yet: %d%%, %s. It goes on by itself: repeat the request, or"
                                + " follow it with `carrel images pull %s`")
                        .formatted(
                                name,
                                Math.round(progress.fraction() * 100),
                                progress.step(),
                                name));
    }

    /// Brings an image here, or what its tag means by now; of a plain name, builds the recipe.
    /// Waits for the end, however long, telling `progress` on the same thread. Fails with
    /// `INVALID_REQUEST`, `IMAGE_NOT_FOUND`, `IMAGE_PULL_DENIED`, `IMAGE_INVALID`,
    /// `REGISTRY_UNAVAILABLE`, `DISK_FULL` or `RATE_LIMITED`; what others had of it stays.
    public ImageEntry pull(
            ProjectId project,
            String name,
            Optional<Credentials> credentials,
            Consumer<Progress> progress)
            throws InterruptedException {
        Pull pull;
        String known = name;
        if (Reference.looksLikeOne(name)) {
            Reference reference = Reference.parse(name);
            known = reference.canonical();
            pull = start(project, reference, credentials);
        } else {
            images.requireRecipe(name);
            pull = startBuild(project, name);
        }
        pull.await(Pulls.TIME_MAX, progress);
        return get(project, known);
    }

    private Pull start(ProjectId project, Reference reference, Optional<Credentials> given) {
        Optional<Credentials> credentials = given.or(() -> registries.credentials(reference));
        String name = reference.canonical();
        var key = new Pulls.Key(project, name, credentials);
        return pulls.start(
                key,
                pull -> {
                    var registry =
                            new Registry(reference, credentials, registries.isPlain(reference));
                    var work =
                            new ImagePull(
                                    store, rights.of(project), reference, registry, pull::tell);
                    BuiltImage image = work.run();
                    names.put(
                            project,
                            new ImageNames.Row(
                                    name,
                                    image.digest().orElseThrow(),
                                    Kind.PULLED,
                                    Instant.now()));
                    return image;
                });
    }

    private Pull startBuild(ProjectId project, String recipe) {
        var key = new Pulls.Key(project, recipe, Optional.empty());
        return pulls.start(key, pull -> images.buildRecipe(recipe, pull::tell));
    }

    /// Fails with `INVALID_REQUEST` or `CONFLICT` where a built image cannot have this name.
    public void requireFree(String name) {
        images.requireFree(name);
    }

    /// What a pinned name stands for; fails with `IMAGE_NOT_FOUND`.
    public Image pinned(String name) {
        return images.get(name);
    }

    /// Makes an image out of a pinned one and what was changed since, at most `bytesMax`; from now
    /// on the name means it. All or nothing. Fails with `IMAGE_INVALID`, `IMAGE_NOT_FOUND` or
    /// `DISK_FULL`. Who may use the base was asked when it was pinned.
    public ImageEntry commit(
            ProjectId project,
            String name,
            String base,
            Optional<LayerSource> changes,
            long bytesMax,
            ImageConfig config) {
        images.requireFree(name);
        try {
            var plan = new ImageCommit.Plan(base, changes, bytesMax, config);
            new ImageCommit(images).run(plan, digest -> name(project, name, digest));
            return get(project, name);
        } catch (IOException e) {
            throw new CarrelException(
                    ErrorCode.UNAVAILABLE, "the image could not be kept: see the server's log", e);
        }
    }

    /// From now on the name means the image with this digest, if it is here and was built by this
    /// project before.
    public Optional<ImageEntry> commit(ProjectId project, String name, String digest) {
        return Digest.parse(digest)
                .filter(known -> store.find(known).isPresent())
                .map(known -> {
                    name(project, name, known);
                    return get(project, name);
                });
    }

    private void name(ProjectId project, String name, Digest digest) {
        names.put(project, new ImageNames.Row(name, digest, Kind.BUILT, Instant.now()));
    }

    /// All of the project's, and all recipes, by name.
    public List<ImageEntry> list(ProjectId project) {
        Map<String, ImageEntry> entries = new TreeMap<>();
        for (String recipe : images.recipes()) {
            entries.put(recipe, entry(recipe, Kind.RECIPE, images.find(recipe)));
        }
        for (ImageNames.Row row : names.all(project)) {
            entries.put(row.name(), entry(row));
        }
        pulls.of(project)
                .forEach((name, pull) -> {
                    ImageEntry known = entries.get(name);
                    Kind kind = Reference.looksLikeOne(name) ? Kind.PULLED : Kind.RECIPE;
                    entries.put(
                            name,
                            new ImageEntry(
                                    name,
                                    kind,
                                    known == null ? Optional.empty() : known.image(),
                                    known == null ? 0 : known.usedBy(),
                                    Optional.of(pull.progress())));
                });
        return new ArrayList<>(entries.values());
    }

    /// Fails with `IMAGE_NOT_FOUND`.
    public ImageEntry get(ProjectId project, String name) {
        String known = Reference.looksLikeOne(name) ? Reference.parse(name).canonical() : name;
        return list(project).stream()
                .filter(entry -> entry.name().equals(known))
                .findFirst()
                .orElseThrow(() ->
                        new CarrelException(
                                ErrorCode.IMAGE_NOT_FOUND,
                                "image '%s' is not here; to get it: carrel images pull %s"
                                        .formatted(known, known)));
    }

    private ImageEntry entry(ImageNames.Row row) {
        Optional<Image> image = store.find(row.digest()).map(built -> built.toImage(row.name()));
        return entry(row.name(), row.kind(), image);
    }

    private ImageEntry entry(String name, Kind kind, Optional<Image> image) {
        int usedBy = image.map(Images::usersOf).orElse(0);
        return new ImageEntry(name, kind, image, usedBy, Optional.empty());
    }

    /// Takes the name away from the project. The files go with the next [#prune] if nobody uses
    /// them. Fails with `IMAGE_NOT_FOUND`, and with `CONFLICT` for the image of a recipe.
    public void remove(ProjectId project, String name) {
        String known = Reference.looksLikeOne(name) ? Reference.parse(name).canonical() : name;
        if (names.remove(project, known)) {
            return;
        }
        throw images.recipes().contains(known)
                ? new CarrelException(
                        ErrorCode.CONFLICT,
                        ("image '%s' comes with the server and stays; its old versions go by"
                                        + " `images prune`")
                                .formatted(known))
                : new CarrelException(
                        ErrorCode.IMAGE_NOT_FOUND, "image '%s' is not here".formatted(known));
    }

    /// What [#prune] has removed.
    public record Pruned(int images, long bytes) {}

    /// Removes images that no sandbox and no snapshot has used for so long, of all projects, and
    /// layers that no image has left. Pulled ones come back when they are wanted; built ones stay
    /// while they have a name, and so does the newest version of each recipe.
    public Pruned prune(Duration unusedFor) {
        return prune(unusedFor, names.built());
    }

    /// The same by one project: what others have pulled stays, and so does what the project itself
    /// has pulled since, if it was here before.
    public Pruned prune(ProjectId project, Duration unusedFor) {
        Set<Digest> spared = new HashSet<>(names.built());
        spared.addAll(names.ofOthersOrSince(project, Instant.now().minus(unusedFor)));
        return prune(unusedFor, spared);
    }

    private Pruned prune(Duration unusedFor, Set<Digest> spared) {
        try {
            ImagePrune.Pruned pruned = images.prune(unusedFor, spared);
            pruned.images().forEach(names::forget);
            return new Pruned(pruned.images().size() + pruned.recipeVersions(), pruned.bytes());
        } catch (IOException e) {
            throw new CarrelException(
                    ErrorCode.INTERNAL_ERROR, "unused images could not be removed", e);
        }
    }

    /// Removes what a server that died has left half done, then images unused for 30 days, hourly
    /// until [#close]; those of the last hour excepted all that are unused when the disk has less
    /// than 5 GiB left.
    public void watch() {
        keeper.start();
    }

    /// Ends the pulls under way.
    @Override
    public void close() {
        keeper.close();
        pulls.close();
    }
}
