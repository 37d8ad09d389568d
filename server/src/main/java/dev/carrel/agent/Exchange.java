package dev.carrel.agent;

import dev.carrel.agent.Conversation.OpenCall;
import dev.carrel.model.Message;
import dev.carrel.model.ToolCall;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// An answer that called tools, and the results so far.
final class Exchange {
    private record Result(String text, boolean error) {}

    private final Message.Assistant answer;
    private final boolean cutShort;
    private final Set<String> started = new HashSet<>();
    private final Map<String, Result> results = new HashMap<>();

    Exchange(Message.Assistant answer, boolean cutShort) {
        this.answer = answer;
        this.cutShort = cutShort;
    }

    void start(String callId) {
        started.add(callId);
    }

    void complete(String callId, String text, boolean error) {
        results.putIfAbsent(callId, new Result(text, error));
    }

    List<OpenCall> openCalls() {
        List<OpenCall> open = new ArrayList<>();
        for (int i = 0; i < answer.toolCalls().size(); i++) {
            ToolCall call = answer.toolCalls().get(i);
            if (!results.containsKey(call.id())) {
                open.add(new OpenCall(call, i, started.contains(call.id()), cutShort));
            }
        }
        return open;
    }

    /// The answer and one result for each of its calls; `missing` is the text of those without.
    List<Message> messages(String missing) {
        List<Message> messages = new ArrayList<>();
        messages.add(answer);
        for (ToolCall call : answer.toolCalls()) {
            Result result = results.getOrDefault(call.id(), new Result(missing, true));
            messages.add(
                    new Message.ToolResult(call.id(), call.name(), result.text(), result.error()));
        }
        return messages;
    }
}
