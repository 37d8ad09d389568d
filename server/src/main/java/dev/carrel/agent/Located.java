package dev.carrel.agent;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A value of a JSON or YAML text that knows its line, so that a message can say where.
sealed interface Located {
    int NESTING_MAX = 50;

    /// Counts from 1.
    int line();

    /// An object, its keys in the order of the text.
    record Fields(int line, Map<String, Field> fields) implements Located {}

    /// One key of an object: `line` is the key's own.
    record Field(int line, Located value) {}

    /// An array.
    record Items(int line, List<Located> items) implements Located {}

    /// A string.
    record Text(int line, String value) implements Located {}

    /// A number.
    record Decimal(int line, BigDecimal value) implements Located {}

    /// `true` or `false`.
    record Flag(int line, boolean value) implements Located {}

    /// `null`.
    record Nothing(int line) implements Located {}

    /// What a message calls a value of this kind.
    default String kind() {
        return switch (this) {
            case Fields _ -> "an object";
            case Items _ -> "a list";
            case Text _ -> "text";
            case Decimal _ -> "a number";
            case Flag _ -> "true or false";
            case Nothing _ -> "null";
        };
    }

    /// Parses the whole text; a repeated key is a syntax error.
    static Located json(String text) throws IOException {
        return parse(new JsonFactory(), text, 0);
    }

    /// The same for YAML; `linesBefore` are added to every line.
    static Located yaml(String text, int linesBefore) throws IOException {
        return parse(new YAMLFactory(), text, linesBefore);
    }

    private static Located parse(JsonFactory factory, String text, int linesBefore)
            throws IOException {
        factory.setStreamReadConstraints(
                StreamReadConstraints.builder().maxNestingDepth(NESTING_MAX).build());
        try (JsonParser parser = factory.createParser(text)) {
            parser.enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION.mappedFeature());
            if (parser.nextToken() == null) {
                return new Nothing(1 + linesBefore);
            }
            Located value = value(parser, linesBefore);
            if (parser.nextToken() != null) {
                throw new JsonParseException(parser, "there is more after the end");
            }
            return value;
        }
    }

    private static Located value(JsonParser parser, int linesBefore) throws IOException {
        int line = parser.currentTokenLocation().getLineNr() + linesBefore;
        return switch (parser.currentToken()) {
            case START_OBJECT -> fields(parser, line, linesBefore);
            case START_ARRAY -> items(parser, line, linesBefore);
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT ->
                    new Decimal(line, parser.getDecimalValue());
            case VALUE_TRUE -> new Flag(line, true);
            case VALUE_FALSE -> new Flag(line, false);
            case VALUE_NULL -> new Nothing(line);
            default -> new Text(line, parser.getText());
        };
    }

    private static Located fields(JsonParser parser, int line, int linesBefore) throws IOException {
        Map<String, Field> fields = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            int keyLine = parser.currentTokenLocation().getLineNr() + linesBefore;
            String key = parser.currentName();
            parser.nextToken();
            fields.put(key, new Field(keyLine, value(parser, linesBefore)));
        }
        return new Fields(line, fields);
    }

    private static Located items(JsonParser parser, int line, int linesBefore) throws IOException {
        List<Located> items = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            items.add(value(parser, linesBefore));
        }
        return new Items(line, items);
    }
}
