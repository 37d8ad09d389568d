package dev.carrel.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/// The data of a streamed answer, event by event, in the form that OpenAI's clients insist on: the
/// role first, one finish reason in the last chunk with a choice, the usage after it and only where
/// it was asked for, and no key `error` anywhere but in a failure. Used by one thread.
final class Chunks {
    static final String DONE = "[DONE]";

    private final AnswerHead head;
    private final String requestId;
    private final boolean withUsage;
    private boolean begun;

    Chunks(AnswerHead head, String requestId, boolean withUsage) {
        this.head = head;
        this.requestId = requestId;
        this.withUsage = withUsage;
    }

    String requestId() {
        return requestId;
    }

    List<String> of(Part part) {
        var data = new ArrayList<String>();
        if (!begun && !(part instanceof Part.Failure)) {
            begun = true;
            data.add(delta(PartJson.object().put("role", "assistant").put("content", "")));
        }
        switch (part) {
            case Part.Text(String text) -> data.add(delta(PartJson.object().put("content", text)));
            case Part.Reasoning(String text) ->
                    data.add(delta(PartJson.object().put("reasoning_content", text)));
            case Part.Preparing p ->
                    data.add(
                            toolCall(
                                    PartJson.toolCall(p.callId(), p.tool(), "preparing")
                                            .put("arguments_text", p.arguments())));
            case Part.Calling(var call) ->
                    data.add(
                            toolCall(
                                    PartJson.withArguments(
                                            PartJson.toolCall(call.id(), call.name(), "calling"),
                                            call)));
            case Part.Awaiting p ->
                    data.add(
                            toolCall(
                                    PartJson.withArguments(
                                            PartJson.toolCall(
                                                            p.call().id(),
                                                            p.call().name(),
                                                            "awaiting_approval")
                                                    .put("pattern", p.pattern()),
                                            p.call())));
            case Part.Output p ->
                    data.add(
                            toolCall(
                                    PartJson.toolCall(p.callId(), p.tool(), "calling")
                                            .put("output", p.text())));
            case Part.Completed p -> data.add(completed(p));
            case Part.Dropped p ->
                    data.add(toolCall(PartJson.toolCall(p.callId(), p.tool(), "interrupted")));
            case Part.CallerCalls p -> callerCalls(p, data);
            case Part.End end -> end(end, data);
            case Part.Failure failure -> data.add(PartJson.error(failure, requestId).toString());
        }
        return data;
    }

    private String completed(Part.Completed part) {
        String state = PartJson.state(part.status());
        ObjectNode json = PartJson.toolCall(part.call().id(), part.call().name(), state);
        return toolCall(PartJson.withResult(json, part));
    }

    private void callerCalls(Part.CallerCalls part, List<String> data) {
        for (int i = 0; i < part.calls().size(); i++) {
            ObjectNode delta = PartJson.object();
            ObjectNode call = PartJson.object().put("index", i);
            call.setAll(PartJson.callerCall(head.session(), part.calls().get(i)));
            delta.putArray("tool_calls").add(call);
            data.add(delta(delta));
        }
    }

    private void end(Part.End end, List<String> data) {
        ObjectNode choice = choice(PartJson.object());
        PartJson.putEnd(end, choice);
        data.add(chunk(choice));
        if (withUsage) {
            ObjectNode chunk = head.json("chat.completion.chunk");
            chunk.putArray("choices");
            data.add(chunk.set("usage", PartJson.usage(end.usage())).toString());
        }
        data.add(DONE);
    }

    private String delta(ObjectNode delta) {
        return chunk(choice(delta));
    }

    private String toolCall(ObjectNode call) {
        ObjectNode choice = choice(PartJson.object());
        choice.set("tool_call", call);
        return chunk(choice);
    }

    private static ObjectNode choice(ObjectNode delta) {
        ObjectNode choice = PartJson.object().put("index", 0);
        choice.set("delta", delta);
        return choice.putNull("finish_reason");
    }

    private String chunk(JsonNode choice) {
        ObjectNode chunk = head.json("chat.completion.chunk");
        chunk.putArray("choices").add(choice);
        return chunk.toString();
    }
}
