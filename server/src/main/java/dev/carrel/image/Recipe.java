package dev.carrel.image;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// How to make an image: Debian packages, files to add, and a script to run inside at the end,
/// after those that several recipes share. `text` is all of it as written, so that any change of a
/// recipe shows.
record Recipe(
        String name,
        List<String> packages,
        Map<String, String> files,
        String finish,
        String seal,
        String text) {
    private static final String FOLDER = "/images/";
    private static final ObjectMapper YAML =
            new ObjectMapper(new YAMLFactory())
                    .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    Recipe {
        packages = List.copyOf(packages);
        files = Map.copyOf(files);
        require(!packages.isEmpty(), name, "names no packages");
        for (String debianPackage : packages) {
            require(
                    debianPackage.matches("[a-z0-9][a-z0-9.+-]*"),
                    name,
                    "names a package '" + debianPackage + "', which cannot be one");
        }
        for (String path : files.keySet()) {
            require(
                    path.matches("(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+"),
                    name,
                    "adds a file '" + path + "', which is not a plain absolute path");
        }
    }

    // The file itself, as written by hand.
    private record Written(
            @JsonProperty(required = true) List<String> packages,
            @Nullable Map<String, String> files,
            @Nullable List<String> scripts) {}

    /// Those that Carrel ships, by name.
    static List<String> names() {
        return resource(FOLDER + "index")
                .orElseThrow(() -> new IllegalStateException("no index of recipes in the jar"))
                .lines()
                .filter(line -> !line.isBlank())
                .sorted()
                .toList();
    }

    /// The recipe of this name, out of those that Carrel ships.
    static Optional<Recipe> find(String name) {
        Optional<String> recipe = resource(FOLDER + name + "/recipe.yaml");
        if (recipe.isEmpty()) {
            return Optional.empty();
        }
        String finish = resource(FOLDER + name + "/finish.sh").orElse("");
        return Optional.of(parse(name, recipe.get(), finish, shared("seal.sh")));
    }

    static Recipe parse(String name, String yaml, String finish, String seal) {
        try {
            Written written = YAML.readValue(yaml, Written.class);
            Map<String, String> files = written.files() == null ? Map.of() : written.files();
            String script = scripts(written) + finish;
            String text = String.join("\0", yaml, shared("authorities.sh"), script, seal);
            return new Recipe(name, written.packages(), files, script, seal, text);
        } catch (IOException e) {
            throw new IllegalArgumentException("recipe " + name + " cannot be read", e);
        }
    }

    /// The steps that several recipes have in common run before their own.
    private static String scripts(Written written) {
        var text = new StringBuilder();
        for (String script : written.scripts() == null ? List.<String>of() : written.scripts()) {
            text.append(shared(script + ".sh")).append('\n');
        }
        return text.toString();
    }

    static String shared(String file) {
        return resource(FOLDER + file)
                .orElseThrow(() -> new IllegalStateException(file + " is not in the jar"));
    }

    private static Optional<String> resource(String path) {
        try (InputStream stream = Recipe.class.getResourceAsStream(path)) {
            return stream == null
                    ? Optional.empty()
                    : Optional.of(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void require(boolean condition, String name, String message) {
        if (!condition) {
            throw new IllegalArgumentException("recipe " + name + " " + message);
        }
    }
}
