package dev.carrel.http;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// The query of one request, decoded; of a name that comes twice the last value counts.
final class Query {
    private final Map<String, String> values;

    private Query(Map<String, String> values) {
        this.values = values;
    }

    static Query parse(String raw) {
        var values = new LinkedHashMap<String, String>();
        for (String pair : raw.split("&", -1)) {
            if (!pair.isEmpty()) {
                int equals = pair.indexOf('=');
                String name = equals < 0 ? pair : pair.substring(0, equals);
                values.put(decode(name), equals < 0 ? "" : decode(pair.substring(equals + 1)));
            }
        }
        return new Query(values);
    }

    Optional<String> get(String name) {
        return Optional.ofNullable(values.get(name));
    }

    Map<String, String> all() {
        return values;
    }

    private static String decode(String raw) {
        return Percent.decode(raw.replace('+', ' '))
                .orElseThrow(() ->
                        new CarrelException(
                                ErrorCode.INVALID_REQUEST,
                                "The query holds a broken escape; each must be a percent"
                                        + " sign and two hex digits, together valid UTF-8"));
    }
}
