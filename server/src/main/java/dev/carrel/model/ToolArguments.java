package dev.carrel.model;

import com.fasterxml.jackson.databind.node.ObjectNode;

/// The arguments of a tool call on their way back to a provider.
///
/// Anthropic takes only an object, and servers that run open models parse the text for their prompt
/// template: what was not a JSON object when the model wrote it goes back wrapped in one, so that
/// one malformed call cannot make the rest of the conversation unsendable.
final class ToolArguments {
    private ToolArguments() {}

    static ObjectNode object(ToolCall call) {
        if (call.arguments().isBlank()) {
            return Json.object();
        }
        return Json.parseObject(call.arguments())
                .orElseGet(() -> Json.object().put("malformed_arguments", call.arguments()));
    }

    /// The model's own text where it is an object: a provider's cache compares text.
    static String text(ToolCall call) {
        boolean valid = Json.parseObject(call.arguments()).isPresent();
        return valid ? call.arguments() : Json.write(object(call));
    }
}
