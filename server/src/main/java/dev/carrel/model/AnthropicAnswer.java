package dev.carrel.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads a stream of message events up to `message_stop`.
final class AnthropicAnswer implements AnswerReader {
    /// A content block under way. A block of a type that is not known stays empty.
    private static final class Block {
        final String type;
        final StringBuilder text = new StringBuilder(); // or thinking, or arguments
        int from; // where its text begins in the whole text or reasoning
        String signature = ""; // or the data of redacted thinking
        int call; // its position among the tool calls
        String id = "";
        String name = "";

        Block(String type) {
            this.type = type;
        }
    }

    /// Between two blocks of the same kind, which are two paragraphs.
    private static final String SEPARATOR = "\n\n";

    private final ProviderAccess access;
    private final ChatListener listener;
    private final ToolNames names;
    private final ToolCallIds ids;
    private final Map<Integer, Block> blocks = new TreeMap<>();
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder reasoning = new StringBuilder();
    private final AnthropicUsage usage = new AnthropicUsage();
    private @Nullable String stop;
    private String model;
    private int calls;
    private boolean done;

    AnthropicAnswer(ProviderAccess access, ChatRequest request, ChatListener listener) {
        this.access = access;
        this.listener = listener;
        this.names = new ToolNames(request.tools());
        this.ids = new ToolCallIds(request.messages());
        this.model = request.model();
    }

    @Override
    public void accept(ServerEvent event) {
        JsonNode data =
                Json.parseObject(event.data())
                        .orElseThrow(() -> bad("sent something other than JSON in its stream"));
        switch (Json.text(data.path("type"))) {
            case "message_start" -> {
                JsonNode message = data.path("message");
                String reported = Json.text(message.path("model"));
                model = reported.isEmpty() ? model : reported;
                usage.accept(message.path("usage"));
            }
            case "content_block_start" ->
                    start(data.path("index").asInt(), data.path("content_block"));
            case "content_block_delta" ->
                    delta(blocks.get(data.path("index").asInt()), data.path("delta"));
            case "message_delta" -> {
                String reason = Json.text(data.path("delta").path("stop_reason"));
                stop = reason.isEmpty() ? stop : reason;
                usage.accept(data.path("usage"));
            }
            case "message_stop" -> done = true;
            case "error" ->
                    throw ProviderComplaint.inStream(data).failure(access, Optional.empty());
            default -> {}
        }
    }

    private void start(int index, JsonNode content) {
        var block = new Block(Json.text(content.path("type")));
        blocks.put(index, block);
        switch (block.type) {
            case "text" -> {
                block.from = text.length();
                text(block, Json.text(content.path("text")));
            }
            case "thinking" -> {
                block.from = reasoning.length();
                block.signature = Json.text(content.path("signature"));
                thinking(block, Json.text(content.path("thinking")));
            }
            case "redacted_thinking" -> block.signature = Json.text(content.path("data"));
            case "tool_use" -> {
                block.call = calls++;
                block.id = ids.take(Json.text(content.path("id")));
                block.name = names.fromProvider(Json.text(content.path("name")));
                // Gateways that do not stream arguments give them here; Anthropic gives {}.
                JsonNode input = content.path("input");
                arguments(block, input.isEmpty() ? "" : Json.write(input));
            }
            default -> {}
        }
    }

    private void delta(@Nullable Block block, JsonNode delta) {
        if (block == null) {
            throw bad("sent a piece of a content block that it had not begun");
        }
        switch (Json.text(delta.path("type"))) {
            case "text_delta" -> text(block, Json.text(delta.path("text")));
            case "thinking_delta" -> thinking(block, Json.text(delta.path("thinking")));
            case "signature_delta" -> block.signature += Json.text(delta.path("signature"));
            case "input_json_delta" -> arguments(block, Json.text(delta.path("partial_json")));
            default -> {}
        }
    }

    private void text(Block block, String piece) {
        append(block, piece, text, listener::text);
    }

    private void thinking(Block block, String piece) {
        append(block, piece, reasoning, listener::reasoning);
    }

    private static void append(
            Block block, String piece, StringBuilder whole, Consumer<String> listener) {
        if (piece.isEmpty()) {
            return;
        }
        if (block.text.isEmpty() && !whole.isEmpty()) {
            whole.append(SEPARATOR);
            listener.accept(SEPARATOR);
            block.from = whole.length();
        }
        block.text.append(piece);
        whole.append(piece);
        listener.accept(piece);
    }

    private void arguments(Block block, String piece) {
        block.text.append(piece);
        listener.toolCall(block.call, block.id, block.name, piece);
    }

    @Override
    public boolean isComplete() {
        return done;
    }

    @Override
    public ChatAnswer answer() {
        if (!done || stop == null) {
            throw bad("cut its answer before the end");
        }
        FinishReason reason = reason(stop);
        boolean expected = reason == FinishReason.STOP || reason == FinishReason.TOOL_CALLS;
        if (expected && text.toString().isBlank() && calls == 0) {
            throw bad("gave an empty answer: no text and no tool call");
        }
        var message =
                new Message.Assistant(
                        text.toString(),
                        reasoning.toString(),
                        AnthropicLayout.signature(layout()),
                        toolCalls());
        return new ChatAnswer(message, reason, usage.total(), model);
    }

    @Override
    public Usage usage() {
        return usage.total();
    }

    @Override
    public boolean usageIsWhole() {
        return stop != null;
    }

    private List<ToolCall> toolCalls() {
        return blocks.values().stream()
                .filter(block -> block.type.equals("tool_use"))
                .map(block -> new ToolCall(block.id, block.name, block.text.toString()))
                .toList();
    }

    private List<AnthropicLayout.Block> layout() {
        var layout = new ArrayList<AnthropicLayout.Block>();
        for (Block block : blocks.values()) {
            int to = block.from + block.text.length();
            switch (block.type) {
                case "text" -> layout.add(new AnthropicLayout.Text(block.from, to));
                case "thinking" -> {
                    // Unsigned, it would be refused. Without it the layout does not fit the message
                    // and is not used.
                    if (!block.signature.isEmpty()) {
                        layout.add(new AnthropicLayout.Thinking(block.from, to, block.signature));
                    }
                }
                case "redacted_thinking" ->
                        layout.add(new AnthropicLayout.Redacted(block.signature));
                case "tool_use" -> layout.add(new AnthropicLayout.Call(block.call));
                default -> {}
            }
        }
        return layout;
    }

    private static FinishReason reason(String stop) {
        return switch (stop) {
            case "tool_use" -> FinishReason.TOOL_CALLS;
            case "max_tokens", "model_context_window_exceeded" -> FinishReason.LENGTH;
            case "refusal" -> FinishReason.CONTENT_FILTER;
            default -> FinishReason.STOP;
        };
    }

    private ProviderFailure bad(String what) {
        return ProviderFailure.badAnswer("model provider " + access.name() + " " + what);
    }
}
