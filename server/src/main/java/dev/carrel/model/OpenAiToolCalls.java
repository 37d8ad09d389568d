package dev.carrel.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Puts the tool calls of one answer together from their fragments.
///
/// By the book a fragment belongs to the call of its `index`, and the first one brings id and name.
/// Some providers give parallel calls the same index or none: there a new id, or a name where
/// neither is given, starts a new call.
final class OpenAiToolCalls {
    private static final class Call {
        final int position;
        final String id;
        final String givenId;
        final StringBuilder arguments = new StringBuilder();
        String name = "";
        int told; // characters of the arguments that the listener knows

        Call(int position, String id, String givenId) {
            this.position = position;
            this.id = id;
            this.givenId = givenId;
        }
    }

    private final ChatListener listener;
    private final ToolNames names;
    private final ToolCallIds ids;
    private final List<Call> calls = new ArrayList<>();
    private final Map<Integer, Call> byIndex = new LinkedHashMap<>();
    private final Map<Integer, JsonNode> extras = new LinkedHashMap<>();

    OpenAiToolCalls(ChatRequest request, ChatListener listener) {
        this.listener = listener;
        this.names = new ToolNames(request.tools());
        this.ids = new ToolCallIds(request.messages());
    }

    void accept(JsonNode fragment) {
        JsonNode function = fragment.path("function");
        String name = Json.text(function.path("name"));
        Call call = callOf(fragment, name);
        if (call.name.isEmpty()) {
            call.name = names.fromProvider(name);
        }
        JsonNode arguments = function.path("arguments");
        // A few servers send the object itself instead of its text.
        call.arguments.append(arguments.isObject() ? Json.write(arguments) : Json.text(arguments));
        if (fragment.path(OpenAiExtras.CALL_KEY).isObject()) {
            extras.put(call.position, fragment.path(OpenAiExtras.CALL_KEY));
        }
        if (!call.name.isEmpty()) {
            String news = call.arguments.substring(call.told);
            call.told = call.arguments.length();
            listener.toolCall(call.position, call.id, call.name, news);
        }
    }

    private Call callOf(JsonNode fragment, String name) {
        String id = Json.text(fragment.path("id"));
        boolean indexed = fragment.path("index").isInt();
        Call open = indexed ? byIndex.get(fragment.path("index").intValue()) : last();
        boolean other = open != null && !id.isEmpty() && !id.equals(open.givenId);
        boolean unmarked = !indexed && id.isEmpty() && !name.isEmpty();
        if (open != null && !other && !unmarked) {
            return open;
        }
        Call call = new Call(calls.size(), ids.take(id), id);
        calls.add(call);
        if (indexed) {
            byIndex.put(fragment.path("index").intValue(), call);
        }
        return call;
    }

    private @Nullable Call last() {
        return calls.isEmpty() ? null : calls.getLast();
    }

    List<ToolCall> finished() {
        return calls.stream()
                .map(call -> new ToolCall(call.id, call.name, call.arguments.toString()))
                .toList();
    }

    /// What the provider wants back with a call, by the call's position.
    Map<Integer, JsonNode> extras() {
        return extras;
    }
}
