package dev.carrel.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// How many tokens models take: what the operator says, else what is known of well-known ones, else
/// [ContextWindow#TOKENS_DEFAULT]. `overrides` maps `provider/model`, or a beginning of that with
/// `*` behind it, to tokens; the longest that fits counts.
public record ContextWindows(SortedMap<String, Long> overrides) {
    /// Nothing but what is known.
    public static final ContextWindows BUILT_IN = new ContextWindows(new TreeMap<>());

    private static final String KEY = "context_windows";
    private static final String RESOURCE = "context-windows.yaml";
    private static final SortedMap<String, Long> KNOWN = known();

    public ContextWindows {
        overrides = Collections.unmodifiableSortedMap(new TreeMap<>(overrides));
    }

    /// Reads the map `context_windows` of the configuration; a missing node stands for an empty
    /// one. Fails with `INVALID_DEFINITION`, naming the key.
    public static ContextWindows of(JsonNode node) {
        var overrides = new TreeMap<String, Long>();
        if (!node.isObject() && !node.isMissingNode() && !node.isNull()) {
            throw invalid(KEY, "must be a map of provider/model to a number of tokens");
        }
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            String at = KEY + "." + entry.getKey();
            if (!entry.getKey().matches("[^/*]+/[^*]*\\*?|\\*") || entry.getKey().endsWith("/")) {
                throw invalid(at, "is not provider/model, with at most one * at its end");
            }
            JsonNode tokens = entry.getValue();
            if (!tokens.isIntegralNumber()
                    || tokens.longValue() < ContextWindow.TOKENS_MIN
                    || tokens.longValue() > ContextWindow.TOKENS_MAX) {
                throw invalid(
                        at,
                        "must be a whole number from %d to %d"
                                .formatted(ContextWindow.TOKENS_MIN, ContextWindow.TOKENS_MAX));
            }
            overrides.put(entry.getKey(), tokens.longValue());
        }
        return new ContextWindows(overrides);
    }

    /// Of any model, known or not.
    long tokens(ModelRef model) {
        return overridden(model.toString())
                .or(() -> longest(KNOWN, baseName(model)))
                .orElse(ContextWindow.TOKENS_DEFAULT);
    }

    private Optional<Long> overridden(String model) {
        return Optional.ofNullable(overrides.get(model))
                .or(() -> {
                    var beginnings = new TreeMap<String, Long>();
                    overrides.forEach((key, tokens) -> {
                        if (key.endsWith("*")) {
                            beginnings.put(key.substring(0, key.length() - 1), tokens);
                        }
                    });
                    return longest(beginnings, model);
                });
    }

    private static Optional<Long> longest(Map<String, Long> beginnings, String name) {
        return beginnings.entrySet().stream()
                .filter(entry -> name.startsWith(entry.getKey()))
                .max(Comparator.comparingInt(entry -> entry.getKey().length()))
                .map(Map.Entry::getValue);
    }

    /// Without what gateways put before it: `openrouter/anthropic/claude-…`, `anthropic.claude-…`.
    private static String baseName(ModelRef model) {
        String name = model.model().toLowerCase(Locale.ROOT);
        return name.substring(name.lastIndexOf('/') + 1)
                .replaceFirst("^(?:[a-z]+\\.)+(?=claude-)", "");
    }

    private static SortedMap<String, Long> known() {
        try (InputStream in = ContextWindows.class.getResourceAsStream(RESOURCE)) {
            var known = new TreeMap<String, Long>();
            new YAMLMapper()
                    .readTree(Objects.requireNonNull(in, RESOURCE))
                    .properties()
                    .forEach(entry -> known.put(entry.getKey(), entry.getValue().longValue()));
            return known;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static CarrelException invalid(String key, String what) {
        return new CarrelException(ErrorCode.INVALID_DEFINITION, key + ": " + what);
    }
}
