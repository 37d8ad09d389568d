package dev.carrel.tool;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.model.ToolSpec;
import java.util.List;

/// Writes the JSON Schema of a tool's parameters.
final class Schema {
    private final ObjectNode root = JsonNodeFactory.instance.objectNode().put("type", "object");
    private final ObjectNode properties = root.putObject("properties");

    Schema text(String name, String description) {
        property(name, "string", description);
        return this;
    }

    Schema choice(String name, List<String> values, String description) {
        var all = property(name, "string", description).putArray("enum");
        values.forEach(all::add);
        return this;
    }

    Schema flag(String name, String description) {
        property(name, "boolean", description);
        return this;
    }

    Schema number(String name, int minimum, int maximum, String description) {
        property(name, "integer", description).put("minimum", minimum).put("maximum", maximum);
        return this;
    }

    private ObjectNode property(String name, String type, String description) {
        return properties.putObject(name).put("type", type).put("description", description);
    }

    ToolSpec spec(String tool, String description, String... required) {
        var names = root.putArray("required");
        for (String name : required) {
            names.add(name);
        }
        root.put("additionalProperties", false);
        return new ToolSpec(tool, description, root);
    }
}
