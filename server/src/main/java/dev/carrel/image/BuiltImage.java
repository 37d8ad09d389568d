package dev.carrel.image;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.carrel.image.Images.Image;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What lies beside a root file system. Written last, so that a folder without it is a half.
/// `digest` is empty for images of recipes; `layers` are the contents that its root shares.
record BuiltImage(
        Path root,
        long sizeBytes,
        Instant builtAt,
        Optional<Digest> digest,
        List<Digest> layers,
        ImageConfig config) {
    private static final String FILE = "image.json";
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    @JsonIgnoreProperties(ignoreUnknown = true)
    private record Stored(
            long size_bytes,
            String built_at,
            @Nullable String digest,
            @Nullable List<String> layers,
            @Nullable Map<String, String> env,
            @Nullable String user,
            @Nullable String working_directory,
            @Nullable Map<String, String> labels) {}

    BuiltImage {
        layers = List.copyOf(layers);
    }

    static BuiltImage ofRecipe(Path root, long sizeBytes, Instant builtAt) {
        return new BuiltImage(
                root, sizeBytes, builtAt, Optional.empty(), List.of(), ImageConfig.NONE);
    }

    static Optional<BuiltImage> read(Path folder) {
        Path file = folder.resolve(FILE);
        Path root = folder.resolve("root");
        if (!Files.isRegularFile(file) || !Files.isDirectory(root)) {
            return Optional.empty();
        }
        try {
            return Optional.of(of(root, JSON.readValue(file.toFile(), Stored.class)));
        } catch (IOException | java.time.DateTimeException e) {
            // Not written by us, or damaged: then it is not an image.
            return Optional.empty();
        }
    }

    /// The layers that the files of an image are shared with.
    static List<Digest> layersOf(Image image) {
        return read(image.root().resolveSibling("")).map(BuiltImage::layers).orElse(List.of());
    }

    private static BuiltImage of(Path root, Stored stored) {
        var config =
                new ImageConfig(
                        Objects.requireNonNullElse(stored.env(), Map.of()),
                        Objects.requireNonNullElse(stored.user(), ""),
                        Objects.requireNonNullElse(stored.working_directory(), ""),
                        Objects.requireNonNullElse(stored.labels(), Map.of()));
        return new BuiltImage(
                root,
                stored.size_bytes(),
                Instant.parse(stored.built_at()),
                Optional.ofNullable(stored.digest()).flatMap(Digest::parse),
                Objects.requireNonNullElse(stored.layers(), List.<String>of()).stream()
                        .flatMap(layer -> Digest.parse(layer).stream())
                        .toList(),
                config);
    }

    void write(Path folder) throws IOException {
        var stored =
                new Stored(
                        sizeBytes,
                        builtAt.toString(),
                        digest.map(Digest::toString).orElse(null),
                        layers.stream().map(Digest::toString).toList(),
                        config.env(),
                        config.user(),
                        config.workingDirectory(),
                        config.labels());
        Files.write(folder.resolve(FILE), JSON.writeValueAsBytes(stored));
    }

    Image toImage(String name) {
        return new Image(
                name, root, sizeBytes, builtAt, digest.map(Digest::toString).orElse(""), config);
    }
}
