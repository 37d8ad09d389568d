package dev.carrel.tool;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.error.Nearest;
import dev.carrel.tool.ToolArguments.Malformed;
import dev.carrel.tool.ToolArguments.Mismatch;
import dev.carrel.tool.ToolArguments.Valid;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Checks arguments against one schema of type `object`.
final class ArgumentCheck {
    private static final ObjectReader STRICT =
            JsonMapper.builder()
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build()
                    .reader();

    private final JsonNode schema;
    private final List<String> known = new ArrayList<>();

    ArgumentCheck(JsonNode schema) {
        this.schema = schema;
        schema.path("properties").fieldNames().forEachRemaining(known::add);
    }

    ToolArguments parse(String raw) {
        JsonNode json;
        try {
            json = STRICT.readTree(raw);
        } catch (JsonProcessingException e) {
            return new Malformed(
                    "the arguments are not valid JSON: " + e.getOriginalMessage() + position(e));
        }
        return json instanceof ObjectNode object
                ? check(object)
                : new Mismatch("the arguments must be a JSON object, not " + kind(json));
    }

    private static String position(JsonProcessingException e) {
        return e.getLocation() == null
                ? ""
                : " (at character " + e.getLocation().getCharOffset() + ")";
    }

    private ToolArguments check(ObjectNode arguments) {
        arguments.properties().removeIf(entry -> entry.getValue().isNull());
        for (var entry : arguments.properties()) {
            if (!known.contains(entry.getKey())) {
                return new Mismatch(unknown(entry.getKey()));
            }
            JsonNode property = schema.path("properties").path(entry.getKey());
            Optional<String> expected = mismatch(property, entry.getValue());
            if (expected.isPresent()) {
                return new Mismatch(
                        "the parameter \"" + entry.getKey() + "\" must be " + expected.get());
            }
        }
        for (JsonNode required : schema.path("required")) {
            if (!arguments.has(required.asText())) {
                return new Mismatch("the parameter \"" + required.asText() + "\" is missing");
            }
        }
        return new Valid(arguments);
    }

    private String unknown(String name) {
        String hint =
                Nearest.to(name, known).map(near -> "; did you mean \"" + near + "\"?").orElse("");
        String all = known.isEmpty() ? "it takes none" : "it takes " + String.join(", ", known);
        return "there is no parameter \"" + name + "\"" + hint + " (" + all + ")";
    }

    /// What the value should have been; empty if it is.
    private static Optional<String> mismatch(JsonNode schema, JsonNode value) {
        String type = schema.path("type").asText();
        boolean fits =
                switch (type) {
                    case "string" -> value.isTextual();
                    case "integer" -> value.isNumber() && value.canConvertToExactIntegral();
                    case "number" -> value.isNumber();
                    case "boolean" -> value.isBoolean();
                    case "array" -> value.isArray();
                    case "object" -> value.isObject();
                    default -> true;
                };
        if (!fits) {
            return Optional.of(withArticle(type) + ", not " + kind(value));
        }
        return range(schema, value).or(() -> oneOf(schema, value)).or(() -> items(schema, value));
    }

    private static Optional<String> range(JsonNode schema, JsonNode value) {
        boolean low = schema.has("minimum") && compare(value, schema.path("minimum")) < 0;
        boolean high = schema.has("maximum") && compare(value, schema.path("maximum")) > 0;
        if (low) {
            return Optional.of("at least " + schema.path("minimum") + ", not " + value);
        }
        return high
                ? Optional.of("at most " + schema.path("maximum") + ", not " + value)
                : Optional.empty();
    }

    private static int compare(JsonNode value, JsonNode limit) {
        BigDecimal number = value.decimalValue();
        return number.compareTo(limit.decimalValue());
    }

    private static Optional<String> oneOf(JsonNode schema, JsonNode value) {
        if (!schema.has("enum")) {
            return Optional.empty();
        }
        for (JsonNode allowed : schema.path("enum")) {
            if (allowed.equals(value)) {
                return Optional.empty();
            }
        }
        return Optional.of("one of " + schema.path("enum") + ", not " + value);
    }

    private static Optional<String> items(JsonNode schema, JsonNode value) {
        if (schema.has("items") && value.isArray()) {
            for (JsonNode item : value) {
                Optional<String> expected = mismatch(schema.path("items"), item);
                if (expected.isPresent()) {
                    return Optional.of("an array whose every item is " + expected.get());
                }
            }
        }
        return Optional.empty();
    }

    private static String withArticle(String type) {
        return ("aeio".indexOf(type.charAt(0)) < 0 ? "a " : "an ") + type;
    }

    private static String kind(JsonNode value) {
        return switch (value.getNodeType()) {
            case STRING -> "a string";
            case NUMBER -> "the number " + value;
            case BOOLEAN -> "a boolean";
            case ARRAY -> "an array";
            case OBJECT, POJO -> "an object";
            case NULL -> "null";
            case BINARY, MISSING -> "nothing";
        };
    }
}
