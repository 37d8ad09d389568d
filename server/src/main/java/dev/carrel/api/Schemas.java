package dev.carrel.api;

import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.wire.Command;
import dev.carrel.wire.Json;
import dev.carrel.wire.Signal;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Optional;
import java.util.TreeMap;

/// JSON Schemas of the wire's records, with the names that the API's own JSON has.
final class Schemas {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final TreeMap<String, ObjectNode> records = new TreeMap<>();

    ObjectNode all() {
        ObjectNode all = NODES.objectNode();
        records.forEach(all::set);
        return all;
    }

    ObjectNode of(Type type) {
        return of(Json.strict().constructType(type));
    }

    private ObjectNode of(JavaType type) {
        Class<?> raw = type.getRawClass();
        if (raw == Optional.class) {
            return of(type.getContentType());
        } else if (raw == Command.class) {
            return command();
        } else if (raw == Instant.class) {
            return simple("string").put("format", "date-time");
        } else if (raw == String.class || raw == Signal.class) {
            return simple("string");
        } else if (raw == boolean.class || raw == Boolean.class) {
            return simple("boolean");
        } else if (raw == double.class || raw == Double.class || raw == BigDecimal.class) {
            return simple("number");
        } else if (raw.isPrimitive() || Number.class.isAssignableFrom(raw)) {
            return simple("integer");
        } else if (type.isMapLikeType()) {
            ObjectNode map = simple("object");
            map.set("additionalProperties", of(type.getContentType()));
            return map;
        } else if (JsonNode.class.isAssignableFrom(raw)) {
            return raw == ObjectNode.class ? simple("object") : NODES.objectNode();
        } else if (type.isCollectionLikeType()) {
            ObjectNode list = simple("array");
            list.set("items", of(type.getContentType()));
            return list;
        }
        return reference(type);
    }

    private static ObjectNode simple(String type) {
        return NODES.objectNode().put("type", type);
    }

    private static ObjectNode command() {
        ObjectNode schema = NODES.objectNode();
        ArrayNode either = schema.putArray("oneOf");
        either.addObject().put("type", "string").put("description", "A line for /bin/sh -c");
        either.addObject().put("type", "array").putObject("items").put("type", "string");
        return schema;
    }

    private ObjectNode reference(JavaType type) {
        String name = name(type);
        if (!records.containsKey(name)) {
            ObjectNode schema = simple("object");
            records.put(name, schema); // first, for records that hold themselves
            fill(schema, type);
        }
        return NODES.objectNode().put("$ref", "#/components/schemas/" + name);
    }

    private static String name(JavaType type) {
        String name = type.getRawClass().getSimpleName();
        return type.containedTypeCount() == 0 ? name : name + "Of" + name(type.containedType(0));
    }

    private void fill(ObjectNode schema, JavaType type) {
        ObjectNode properties = schema.putObject("properties");
        ArrayNode required = schema.putArray("required");
        for (BeanPropertyDefinition property :
                Json.strict().getSerializationConfig().introspect(type).findProperties()) {
            JavaType valueType = property.getPrimaryType();
            properties.set(property.getName(), of(valueType));
            if (valueType.getRawClass() != Optional.class && !valueType.isContainerType()) {
                required.add(property.getName());
            }
        }
    }
}
