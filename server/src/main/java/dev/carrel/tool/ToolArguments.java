package dev.carrel.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.model.ToolSpec;

/// The arguments of a tool call, held against the tool's schema: `type`, `required`, `enum`,
/// `minimum`, `maximum` and `items` are checked, other keywords are not. A parameter that is not in
/// the schema is refused, whatever `additionalProperties` says: it is a slip more often than not.
/// Problems are written for the model to mend.
public sealed interface ToolArguments {
    /// Arguments that fit; a parameter that was null is left out.
    record Valid(ObjectNode arguments) implements ToolArguments {}

    /// Text that is not even JSON.
    record Malformed(String problem) implements ToolArguments {}

    /// JSON that does not fit; names the parameter.
    record Mismatch(String problem) implements ToolArguments {}

    /// Reads what the model wrote for `spec`. Nothing at all counts as an empty object: some
    /// providers send that for a tool without parameters.
    static ToolArguments parse(ToolSpec spec, String raw) {
        return new ArgumentCheck(spec.parameters()).parse(raw.isBlank() ? "{}" : raw);
    }
}
