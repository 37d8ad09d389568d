package dev.carrel.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// In which order thinking, text and tool calls stood in an answer, with the signatures of the
/// thinking: Anthropic wants an answer that holds thinking back exactly as it was. Kept as the
/// message's reasoning signature; texts are ranges, so that nothing is stored twice.
final class AnthropicLayout {
    sealed interface Block {}

    record Thinking(int from, int to, String signature) implements Block {
        String in(String reasoning) {
            return reasoning.substring(from, to);
        }
    }

    record Redacted(String data) implements Block {}

    record Text(int from, int to) implements Block {
        String in(String text) {
            return text.substring(from, to);
        }
    }

    /// The call at `position` among the message's tool calls.
    record Call(int position) implements Block {}

    private static final String FORMAT = "anthropic";

    private AnthropicLayout() {}

    /// Empty without thinking: then text before calls is as good.
    static Optional<String> signature(List<Block> blocks) {
        if (blocks.stream().noneMatch(AnthropicLayout::isThinking)) {
            return Optional.empty();
        }
        ObjectNode root = Json.object();
        ArrayNode array = root.putArray(FORMAT);
        for (Block block : blocks) {
            ObjectNode node = array.addObject();
            switch (block) {
                case Thinking thinking -> {
                    node.putArray("thinking").add(thinking.from).add(thinking.to);
                    node.put("signature", thinking.signature);
                }
                case Redacted redacted -> node.put("redacted", redacted.data);
                case Text text -> node.putArray("text").add(text.from).add(text.to);
                case Call call -> node.put("call", call.position);
            }
        }
        return Optional.of(Json.write(root));
    }

    /// Empty where the message has no layout of this protocol, or one that no longer fits it
    /// because the message was changed: better without its thinking than torn.
    static List<Block> of(Message.Assistant message) {
        return message.reasoningSignature()
                .flatMap(Json::parseObject)
                .map(root -> read(root.path(FORMAT)))
                .filter(blocks -> fits(blocks, message))
                .orElse(List.of());
    }

    private static List<Block> read(JsonNode array) {
        var blocks = new ArrayList<Block>();
        for (JsonNode node : array) {
            if (node.has("thinking")) {
                JsonNode range = node.path("thinking");
                String signature = Json.text(node.path("signature"));
                blocks.add(new Thinking(range.path(0).asInt(), range.path(1).asInt(), signature));
            } else if (node.has("redacted")) {
                blocks.add(new Redacted(Json.text(node.path("redacted"))));
            } else if (node.has("text")) {
                JsonNode range = node.path("text");
                blocks.add(new Text(range.path(0).asInt(), range.path(1).asInt()));
            } else if (node.has("call")) {
                blocks.add(new Call(node.path("call").asInt()));
            }
        }
        return blocks;
    }

    private static boolean fits(List<Block> blocks, Message.Assistant message) {
        int textEnd = 0;
        int reasoningEnd = 0;
        int calls = 0;
        for (Block block : blocks) {
            boolean inOrder =
                    switch (block) {
                        case Thinking(int from, int to, _) -> from >= reasoningEnd && to >= from;
                        case Text(int from, int to) -> from >= textEnd && to >= from;
                        case Call(int position) -> position == calls;
                        case Redacted _ -> true;
                    };
            if (!inOrder) {
                return false;
            }
            switch (block) {
                case Thinking thinking -> reasoningEnd = thinking.to;
                case Text text -> textEnd = text.to;
                case Call _ -> calls++;
                case Redacted _ -> {}
            }
        }
        return reasoningEnd == message.reasoning().length()
                && textEnd == message.text().length()
                && calls == message.toolCalls().size();
    }

    private static boolean isThinking(Block block) {
        return block instanceof Thinking || block instanceof Redacted;
    }
}
