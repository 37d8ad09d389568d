package dev.carrel.image;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.carrel.image.Images.Image;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/// What lies beside a built root file system. Written last, so that a folder without it is a half.
record BuiltImage(Path root, long sizeBytes, Instant builtAt) {
    private static final String FILE = "image.json";
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private record Stored(long size_bytes, String built_at) {}

    static Optional<BuiltImage> read(Path folder) {
        Path file = folder.resolve(FILE);
        Path root = folder.resolve("root");
        if (!Files.isRegularFile(file) || !Files.isDirectory(root)) {
            return Optional.empty();
        }
        try {
            Stored stored = JSON.readValue(file.toFile(), Stored.class);
            return Optional.of(
                    new BuiltImage(root, stored.size_bytes(), Instant.parse(stored.built_at())));
        } catch (IOException | java.time.DateTimeException e) {
            // Not written by us, or damaged: then it is not an image.
            return Optional.empty();
        }
    }

    void write(Path folder) throws IOException {
        var stored = new Stored(sizeBytes, builtAt.toString());
        Files.write(folder.resolve(FILE), JSON.writeValueAsBytes(stored));
    }

    Image toImage(String name) {
        return new Image(name, root, sizeBytes);
    }
}
