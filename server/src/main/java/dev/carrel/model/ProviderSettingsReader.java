package dev.carrel.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.error.Nearest;
import dev.carrel.model.ProviderSettings.Remote;
import dev.carrel.model.ProviderSettings.Scripted;
import java.net.URI;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.Supplier;

/// Reads one entry of the map `providers`; every failure names the key it is about.
final class ProviderSettingsReader {
    private static final List<String> KEYS =
            List.of("kind", "base_url", "api_key", "script", "max_output_tokens");
    private static final String SCRIPTED = "scripted";

    private final String at; // the entry, as in "providers.local"
    private final JsonNode entry;

    private ProviderSettingsReader(String name, JsonNode entry) {
        this.at = "providers." + name;
        this.entry = entry;
    }

    /// Empty when nothing there speaks of the provider and it needs to be spoken of.
    static Optional<ProviderSettings> fromEnvironment(
            WellKnownProvider known, Map<String, String> environment) {
        String keyVariable = known.keyVariable();
        Optional<Secret> key =
                value(environment, keyVariable)
                        .map(text -> named(keyVariable, () -> new Secret(text)));
        Optional<String> baseUrl = value(environment, known.baseUrlVariable());
        if (key.isEmpty() && baseUrl.isEmpty() && known.needsKey()) {
            return Optional.empty();
        }
        return Optional.of(
                named(
                        known.baseUrlVariable(),
                        () ->
                                new Remote(
                                        known.dialect(),
                                        baseUrl.map(URI::create).orElse(known.baseUrl()),
                                        key,
                                        OptionalInt.empty())));
    }

    static Map<String, ProviderSettings> fromConfiguration(
            JsonNode providers, Map<String, String> environment) {
        var settings = new TreeMap<String, ProviderSettings>();
        if (providers.isMissingNode() || providers.isNull()) {
            return settings;
        }
        if (!providers.isObject()) {
            throw invalid("providers", "must be a map of names to settings");
        }
        for (Map.Entry<String, JsonNode> entry : providers.properties()) {
            String name = entry.getKey();
            if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
                throw invalid(
                        "providers",
                        "the name \"" + name + "\" may hold only letters, digits, ., _ and -");
            }
            var reader = new ProviderSettingsReader(name, entry.getValue());
            settings.put(name, reader.read(name, environment));
        }
        return settings;
    }

    private ProviderSettings read(String name, Map<String, String> environment) {
        if (!entry.isObject()) {
            throw invalid(at, "must be a map with the keys " + String.join(", ", KEYS));
        }
        entry.fieldNames().forEachRemaining(this::checkKnown);
        String kind = text("kind").orElse(name);
        return kind.equals(SCRIPTED) ? scripted() : remote(name, kind, environment);
    }

    private void checkKnown(String key) {
        if (!KEYS.contains(key)) {
            throw invalid(
                    at + "." + key,
                    "unknown key"
                            + Nearest.to(key, KEYS)
                                    .map(near -> "; did you mean " + near + "?")
                                    .orElse("; known are " + String.join(", ", KEYS)));
        }
    }

    private Scripted scripted() {
        for (String key : List.of("base_url", "api_key", "max_output_tokens")) {
            if (entry.has(key)) {
                throw invalid(at + "." + key, "has no meaning for kind scripted");
            }
        }
        String script = text("script").orElseThrow(() -> invalid(at + ".script", "is missing"));
        try {
            return new Scripted(Path.of(script));
        } catch (InvalidPathException e) {
            throw invalid(at + ".script", "is not a path");
        }
    }

    /// What the entry leaves out comes from the environment if the provider itself is well known,
    /// else from what is known of its kind: `kind: openai` alone does not lend OpenAI's key to
    /// another address.
    private Remote remote(String name, String kind, Map<String, String> environment) {
        if (entry.has("script")) {
            throw invalid(at + ".script", "has a meaning only for kind scripted");
        }
        WellKnownProvider known =
                WellKnownProvider.named(kind.equals("google") ? "gemini" : kind)
                        .orElseThrow(() -> unknownKind(kind));
        Optional<Remote> there =
                WellKnownProvider.named(name)
                        .flatMap(same -> fromEnvironment(same, environment))
                        .map(Remote.class::cast);
        URI baseUrl =
                text("base_url")
                        .map(this::url)
                        .or(() -> there.map(Remote::baseUrl))
                        .orElse(known.baseUrl());
        Optional<Secret> key =
                text("api_key").map(this::secret).or(() -> there.flatMap(Remote::apiKey));
        OptionalInt tokensMax = tokensMax();
        return named(at + ".base_url", () -> new Remote(known.dialect(), baseUrl, key, tokensMax));
    }

    private CarrelException unknownKind(String kind) {
        var kinds = new ArrayList<String>();
        WellKnownProvider.ALL.forEach(known -> kinds.add(known.name()));
        kinds.add(SCRIPTED);
        String hint =
                Nearest.to(kind, kinds)
                        .map(near -> "; did you mean " + near + "?")
                        .orElse("; known are " + String.join(", ", kinds));
        return invalid(at + ".kind", "\"" + kind + "\" is not a kind of provider" + hint);
    }

    private URI url(String text) {
        return named(at + ".base_url", () -> URI.create(text));
    }

    private Secret secret(String text) {
        return named(at + ".api_key", () -> new Secret(text));
    }

    private OptionalInt tokensMax() {
        JsonNode node = entry.path("max_output_tokens");
        if (node.isMissingNode()) {
            return OptionalInt.empty();
        }
        if (!node.isInt() || node.intValue() < 1) {
            throw invalid(at + ".max_output_tokens", "must be a whole number above 0");
        }
        return OptionalInt.of(node.intValue());
    }

    private Optional<String> text(String key) {
        JsonNode node = entry.path(key);
        if (node.isMissingNode()) {
            return Optional.empty();
        }
        if (!node.isTextual() || node.textValue().isBlank()) {
            throw invalid(at + "." + key, "must be text");
        }
        return Optional.of(node.textValue());
    }

    private static Optional<String> value(Map<String, String> environment, String variable) {
        return Optional.ofNullable(environment.get(variable)).filter(text -> !text.isBlank());
    }

    /// Says of what key a check failed, and never what the value was.
    private static <T> T named(String key, Supplier<T> checked) {
        try {
            return checked.get();
        } catch (CarrelException e) {
            throw invalid(key, e.text());
        } catch (IllegalArgumentException e) {
            throw invalid(key, "is malformed");
        }
    }

    private static CarrelException invalid(String key, String what) {
        return new CarrelException(ErrorCode.INVALID_DEFINITION, key + ": " + what);
    }
}
