package dev.carrel.openai;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ToolSpec;
import dev.carrel.openai.ChatBody.OfferedFunction;
import dev.carrel.openai.ChatBody.OfferedTool;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;

/// The tools that a caller offers and runs itself.
final class CallerTools {
    /// What every provider takes.
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_-]{1,64}");

    private CallerTools() {}

    static List<ToolSpec> of(List<OfferedTool> tools) {
        var specs = new ArrayList<ToolSpec>();
        var names = new HashSet<String>();
        for (OfferedTool tool : tools) {
            String where = "tools[" + specs.size() + "]";
            ToolSpec spec = spec(tool, where);
            if (!names.add(spec.name())) {
                throw invalid(
                        where + ".function.name",
                        "two tools have the name \"" + spec.name() + "\"");
            }
            specs.add(spec);
        }
        return specs;
    }

    private static ToolSpec spec(OfferedTool tool, String where) {
        if (!tool.type().equals("function")) {
            throw CarrelException.ofParam(
                    ErrorCode.UNSUPPORTED_PARAMETER,
                    where + ".type",
                    where + ".type must be \"function\", not \"" + tool.type() + "\"");
        }
        OfferedFunction function =
                tool.function()
                        .orElseThrow(() ->
                                invalid(where + ".function", where + ".function is required"));
        if (!NAME.matcher(function.name()).matches()) {
            throw invalid(
                    where + ".function.name",
                    where
                            + ".function.name must be 1 to 64 letters, digits, hyphens or underscores");
        }
        return new ToolSpec(
                function.name(), function.description().orElse(""), parameters(function));
    }

    /// Leaving the schema out, or its type, says that there are no parameters to speak of.
    private static ObjectNode parameters(OfferedFunction function) {
        ObjectNode schema = function.parameters().orElseGet(JsonNodeFactory.instance::objectNode);
        if (!schema.has("type")) {
            schema.put("type", "object");
        }
        if (!schema.has("properties")) {
            schema.putObject("properties");
        }
        return schema;
    }

    private static CarrelException invalid(String param, String message) {
        return CarrelException.ofParam(ErrorCode.INVALID_REQUEST, param, message);
    }
}
