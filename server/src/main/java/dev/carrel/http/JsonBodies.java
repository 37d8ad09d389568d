package dev.carrel.http;

import static com.fasterxml.jackson.databind.DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.InvalidNullException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.error.Nearest;
import dev.carrel.wire.Json;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Reads bodies, and turns what Jackson says of bad ones into what helps a caller: where the JSON
/// breaks off, or which field is wrong and what it should be.
final class JsonBodies {
    private static final byte[] EMPTY_OBJECT = {'{', '}'};

    private JsonBodies() {}

    static <T> T read(Class<T> type, ObjectMapper mapper, byte[] bytes) {
        try {
            T value = mapper.readValue(bytes.length == 0 ? EMPTY_OBJECT : bytes, type);
            refuseHalfCharacters(mapper, bytes);
            if (value == null) {
                throw invalid("", "The body must be a JSON object, not null");
            }
            return value;
        } catch (UnrecognizedPropertyException e) {
            throw unknownField(e);
        } catch (ValueInstantiationException e) {
            throw refusedByRecord(e);
        } catch (MismatchedInputException e) {
            if (type.isRecord() && mapper.isEnabled(FAIL_ON_UNKNOWN_PROPERTIES)) {
                refuseUnknownField(type, mapper, bytes);
            }
            throw wrongField(e);
        } catch (JsonMappingException e) {
            if (e.getCause() instanceof CarrelException known) {
                throw known;
            }
            throw e.getCause() instanceof InputCoercionException overflow
                    ? invalid(path(e), path(e) + " must be " + expected(overflow.getTargetType()))
                    : malformed(e);
        } catch (JsonProcessingException e) {
            throw malformed(e);
        } catch (IOException e) {
            throw new IllegalStateException("reading from memory", e);
        }
    }

    private static void refuseHalfCharacters(ObjectMapper mapper, byte[] bytes) throws IOException {
        Optional<String> where = Surrogates.unpaired(mapper, bytes);
        if (where.isPresent()) {
            String what = where.get().isEmpty() ? "The body" : where.get();
            throw invalid(where.get(), what + " holds half a character (an unpaired surrogate)");
        }
    }

    /// Jackson misses a required field before it minds an unknown one, but a mistyped name is both,
    /// and the unknown one says more.
    private static void refuseUnknownField(Class<?> type, ObjectMapper mapper, byte[] bytes) {
        JsonNode tree = read(JsonNode.class, Json.lenient(), bytes);
        List<String> known =
                mapper
                        .getDeserializationConfig()
                        .introspect(mapper.constructType(type))
                        .findProperties()
                        .stream()
                        .map(BeanPropertyDefinition::getName)
                        .toList();
        for (Map.Entry<String, JsonNode> field : tree.properties()) {
            if (!known.contains(field.getKey())) {
                throw unknownField(field.getKey(), field.getKey(), known);
            }
        }
    }

    private static CarrelException malformed(JsonProcessingException e) {
        return new CarrelException(
                ErrorCode.INVALID_JSON,
                "The body is not valid JSON%s: %s".formatted(place(e), reason(e)));
    }

    private static String place(JacksonException e) {
        JsonLocation location = e.getLocation();
        return location == null
                ? ""
                : " (line %d, column %d)".formatted(location.getLineNr(), location.getColumnNr());
    }

    /// Jackson's own first sentence, without the Java class names that follow it.
    private static String reason(JacksonException e) {
        String message = e.getOriginalMessage();
        int end = message.indexOf('\n');
        return end < 0 ? message : message.substring(0, end);
    }

    private static CarrelException unknownField(UnrecognizedPropertyException e) {
        Collection<Object> known = e.getKnownPropertyIds();
        return unknownField(
                path(e),
                e.getPropertyName(),
                known == null ? List.of() : known.stream().map(String::valueOf).toList());
    }

    private static CarrelException unknownField(String path, String name, List<String> known) {
        String hint =
                Nearest.to(name, known)
                        .map(near -> "; did you mean \"" + near + "\"?")
                        .orElse(
                                "; known are "
                                        + String.join(", ", known.stream().sorted().toList()));
        return CarrelException.ofParam(
                ErrorCode.UNKNOWN_FIELD, path, "Unknown field \"" + path + "\"" + hint);
    }

    private static CarrelException refusedByRecord(ValueInstantiationException e) {
        Throwable cause = e.getCause();
        if (cause instanceof CarrelException known) {
            return known;
        }
        String why = cause instanceof IllegalArgumentException ? cause.getMessage() : null;
        return invalid(path(e), why == null ? path(e) + " is not valid" : why);
    }

    private static CarrelException wrongField(MismatchedInputException e) {
        String field = path(e);
        if (e.getOriginalMessage().startsWith("Trailing token")) {
            return new CarrelException(
                    ErrorCode.INVALID_JSON, "The body goes on after its JSON object" + place(e));
        }
        if (field.isEmpty()) {
            return invalid("", "The body must be a JSON object" + place(e));
        }
        if (e instanceof InvalidNullException) {
            return invalid(field, field + " must not be null");
        }
        if (e.getOriginalMessage().startsWith("Null value for creator property")
                || e.getOriginalMessage().startsWith("Cannot map `null`")) {
            return invalid(field, field + " is required");
        }
        return invalid(
                field, "%s must be %s%s".formatted(field, expected(e.getTargetType()), place(e)));
    }

    private static String expected(@Nullable Class<?> type) {
        if (type == null) {
            return "of another type";
        } else if (type == String.class) {
            return "a string";
        } else if (type == boolean.class || type == Boolean.class) {
            return "true or false";
        } else if (List.class.isAssignableFrom(type)) {
            return "a list";
        } else if (Map.class.isAssignableFrom(type) || Record.class.isAssignableFrom(type)) {
            return "an object";
        } else if (type == int.class || type == Integer.class) {
            return "a whole number of at most 32 bits";
        } else if (type == long.class || type == Long.class) {
            return "a whole number";
        } else if (Number.class.isAssignableFrom(type) || type.isPrimitive()) {
            return "a number";
        }
        return "of another type";
    }

    private static String path(JsonMappingException e) {
        return e.getPath().stream()
                .map(step ->
                        step.getFieldName() == null
                                ? "[" + step.getIndex() + "]"
                                : "." + step.getFieldName())
                .collect(Collectors.joining())
                .replaceFirst("^\\.", "");
    }

    private static CarrelException invalid(String field, String message) {
        return field.isEmpty()
                ? new CarrelException(ErrorCode.INVALID_REQUEST, message)
                : CarrelException.ofParam(ErrorCode.INVALID_REQUEST, field, message);
    }
}
