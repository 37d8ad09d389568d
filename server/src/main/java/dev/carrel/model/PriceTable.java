package dev.carrel.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.error.Nearest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/// What models cost: the list that comes with Carrel, and the operator's above it. A model that is
/// in neither has no known price, which is never taken for none.
///
/// An entry is `provider/model: {input: 3, output: 15, cache_read: 0.3, cache_write: 3.75}` in
/// dollars for a million tokens; a name may end in `*`. In one list the exact name counts, else the
/// longest. What the cache's part costs is the price of input where it is left out.
public final class PriceTable {
    private static final String LIST = "prices.yaml";
    private static final List<String> KEYS =
            List.of("input", "output", "cache_read", "cache_write");
    private static final BigDecimal USD_MAX = BigDecimal.valueOf(1_000_000);
    private static final int DECIMALS_MAX = 6;

    private final Map<String, Price> operators;
    private final Map<String, Price> builtIn;

    private PriceTable(Map<String, Price> operators, Map<String, Price> builtIn) {
        this.operators = operators;
        this.builtIn = builtIn;
    }

    /// Without an operator's list.
    public static PriceTable builtIn() {
        return new PriceTable(Map.of(), read(shipped(), LIST));
    }

    /// `prices` is that part of the configuration; a missing node stands for an empty map. Fails
    /// with `INVALID_DEFINITION`, naming the key.
    public static PriceTable of(JsonNode prices) {
        return new PriceTable(read(prices, "prices"), read(shipped(), LIST));
    }

    Optional<Price> of(ModelRef model) {
        return find(operators, model.toString()).or(() -> find(builtIn, model.toString()));
    }

    private static Optional<Price> find(Map<String, Price> list, String model) {
        return Optional.ofNullable(list.get(model))
                .or(() ->
                        list.entrySet().stream()
                                .filter(entry -> matches(entry.getKey(), model))
                                .max(Comparator.comparingInt(entry -> entry.getKey().length()))
                                .map(Map.Entry::getValue));
    }

    private static boolean matches(String pattern, String model) {
        return pattern.endsWith("*")
                && model.startsWith(pattern.substring(0, pattern.length() - 1));
    }

    private static JsonNode shipped() {
        try (InputStream list = PriceTable.class.getResourceAsStream(LIST)) {
            return new YAMLMapper().readTree(Objects.requireNonNull(list, LIST));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, Price> read(JsonNode list, String at) {
        var prices = new TreeMap<String, Price>();
        if (list.isMissingNode() || list.isNull()) {
            return prices;
        }
        if (!list.isObject()) {
            throw invalid(at, "must be a map of models to prices");
        }
        for (Map.Entry<String, JsonNode> entry : list.properties()) {
            String model = entry.getKey();
            if (model.indexOf('/') <= 0 || model.endsWith("/")) {
                throw invalid(at, "\"" + model + "\" must be provider/model or provider/*");
            }
            prices.put(model, price(entry.getValue(), at + "." + model));
        }
        return prices;
    }

    private static Price price(JsonNode entry, String at) {
        if (!entry.isObject()) {
            throw invalid(at, "must be a map with the keys " + String.join(", ", KEYS));
        }
        for (Map.Entry<String, JsonNode> field : entry.properties()) {
            if (!KEYS.contains(field.getKey())) {
                throw invalid(
                        at,
                        "has the unknown key \""
                                + field.getKey()
                                + "\""
                                + Nearest.to(field.getKey(), KEYS)
                                        .map(near -> "; did you mean \"" + near + "\"?")
                                        .orElse(""));
            }
        }
        long input = number(entry, "input", at).orElseThrow(() -> missing(at, "input"));
        long output = number(entry, "output", at).orElseThrow(() -> missing(at, "output"));
        return new Price(
                input,
                output,
                number(entry, "cache_read", at).orElse(input),
                number(entry, "cache_write", at).orElse(input));
    }

    private static Optional<Long> number(JsonNode entry, String key, String at) {
        JsonNode value = entry.path(key);
        if (value.isMissingNode()) {
            return Optional.empty();
        }
        BigDecimal usd = value.isNumber() ? value.decimalValue() : BigDecimal.ONE.negate();
        if (usd.signum() < 0
                || usd.compareTo(USD_MAX) > 0
                || usd.stripTrailingZeros().scale() > DECIMALS_MAX) {
            throw invalid(
                    at + "." + key,
                    "must be dollars for a million tokens, from 0 to "
                            + USD_MAX
                            + " with at most "
                            + DECIMALS_MAX
                            + " decimals");
        }
        return Optional.of(usd.movePointRight(DECIMALS_MAX).longValueExact());
    }

    private static CarrelException missing(String at, String key) {
        return invalid(at, "needs " + key);
    }

    private static CarrelException invalid(String at, String what) {
        return new CarrelException(ErrorCode.INVALID_DEFINITION, at + " " + what);
    }
}
