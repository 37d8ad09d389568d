package dev.carrel.app;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.error.Nearest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// The values of `carrel.yaml` and of the environment, which wins: `server.port` is
/// `CARREL_SERVER_PORT` there. Whoever reads a key makes it known by that; [#refuseUnknown] then
/// finds the keys that nobody reads.
final class Config {
    private static final String PROVIDERS = "providers";
    private static final String REGISTRIES = "registries";
    private static final String CONTEXT_WINDOWS = "context_windows";
    private static final String PRICES = "prices";

    /// Whose keys are names.
    private static final Set<String> MAPS = Set.of(PROVIDERS, REGISTRIES, CONTEXT_WINDOWS, PRICES);

    private final Map<String, JsonNode> values = new LinkedHashMap<>();
    private final Map<String, String> environment;
    private final String source;
    private final TreeSet<String> known = new TreeSet<>();

    private Config(JsonNode root, Map<String, String> environment, String source) {
        this.environment = Map.copyOf(environment);
        this.source = source;
        if (!root.isObject() && !root.isMissingNode() && !root.isNull()) {
            throw invalid(source + " must hold keys and values");
        }
        flatten("", root);
    }

    /// Reads `file`; a file that does not exist is an empty one.
    static Config load(Path file, Map<String, String> environment) {
        String name = String.valueOf(file.getFileName());
        try {
            return new Config(new YAMLMapper().readTree(Files.readString(file)), environment, name);
        } catch (NoSuchFileException e) {
            return new Config(MissingNode.getInstance(), environment, name);
        } catch (JacksonException e) {
            throw invalid(name + " is not valid YAML: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw invalid("cannot read " + file + ": " + e.getMessage());
        }
    }

    private void flatten(String key, JsonNode node) {
        if (node.isObject() && !MAPS.contains(key)) {
            String prefix = key.isEmpty() ? "" : key + ".";
            node.properties().forEach(entry -> flatten(prefix + entry.getKey(), entry.getValue()));
        } else if (!key.isEmpty()) {
            values.put(key, node);
        }
    }

    String text(String key, String byDefault) {
        return find(key).orElse(byDefault);
    }

    Optional<String> text(String key) {
        return find(key);
    }

    int number(String key, int byDefault, int min, int max) {
        Optional<String> text = find(key);
        if (text.isEmpty()) {
            return byDefault;
        }
        try {
            int value = Integer.parseInt(text.get());
            if (value >= min && value <= max) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Not a number is out of range, too.
        }
        throw invalid(
                "%s must be a whole number from %d to %d, not \"%s\""
                        .formatted(key, min, max, text.get()));
    }

    /// The part of the file below `providers`, as it stands.
    JsonNode providers() {
        return map(PROVIDERS);
    }

    /// The part of the file below `context_windows`, as it stands.
    JsonNode contextWindows() {
        return map(CONTEXT_WINDOWS);
    }

    /// The part of the file below `prices`, as it stands.
    JsonNode prices() {
        return map(PRICES);
    }

    private JsonNode map(String key) {
        known.add(key);
        return values.getOrDefault(key, NullNode.getInstance());
    }

    /// A list of texts; in the environment, commas are between them.
    List<String> list(String key) {
        JsonNode node = values.getOrDefault(key, NullNode.getInstance());
        if (node.isArray() && !environment.containsKey(variable(key))) {
            known.add(key);
            List<String> items = new ArrayList<>();
            node.forEach(item -> items.add(item.asText()));
            return items;
        }
        return find(key).stream()
                .flatMap(text -> Arrays.stream(text.split(",")))
                .map(String::strip)
                .filter(text -> !text.isEmpty())
                .toList();
    }

    private static String variable(String key) {
        return "CARREL_" + key.toUpperCase(Locale.ROOT).replace('.', '_');
    }

    /// The part of the file below `registries`, as it stands.
    JsonNode registries() {
        return map(REGISTRIES);
    }

    private Optional<String> find(String key) {
        known.add(key);
        String fromEnvironment = environment.getOrDefault(variable(key), "").strip();
        if (!fromEnvironment.isEmpty()) {
            return Optional.of(fromEnvironment);
        }
        JsonNode node = values.getOrDefault(key, NullNode.getInstance());
        if (node.isContainerNode()) {
            throw invalid(key + " in " + source + " must be a single value");
        }
        return node.isNull() ? Optional.empty() : Optional.of(node.asText());
    }

    /// Fails if the file holds a key that was never asked for.
    void refuseUnknown() {
        for (String key : values.keySet()) {
            if (!known.contains(key)) {
                String hint =
                        Nearest.to(key, known)
                                .map(near -> "; did you mean \"" + near + "\"?")
                                .orElse("");
                throw invalid("unknown key \"" + key + "\" in " + source + hint);
            }
        }
    }

    private static CarrelException invalid(String message) {
        return new CarrelException(ErrorCode.INVALID_DEFINITION, message);
    }
}
