package dev.carrel.model;

import static dev.carrel.model.Chats.request;
import static dev.carrel.model.Chats.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.model.FakeProvider.End;
import dev.carrel.model.FakeProvider.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class OpenAiModelIT extends ProviderContract {
    @Override
    Protocol protocol(ProviderAccess access, OptionalInt outputTokensMax) {
        return new OpenAiProtocol(access, outputTokensMax);
    }

    private static ObjectNode chunk(ArrayList<ObjectNode> chunks) {
        ObjectNode chunk = Json.object().put("object", "chat.completion.chunk");
        chunks.add(chunk.put("model", "some-model-2026"));
        return chunk.putArray("choices").addObject().put("index", 0);
    }

    @Override
    List<String> events(Message.Assistant answer) {
        var chunks = new ArrayList<ObjectNode>();
        chunk(chunks).putObject("delta").put("role", "assistant").put("content", "");
        for (String piece : answer.reasoning().split("(?<= )")) {
            chunk(chunks).putObject("delta").put("reasoning_content", piece);
        }
        for (String piece : answer.text().split("(?<= )")) {
            chunk(chunks).putObject("delta").put("content", piece);
        }
        for (int i = 0; i < answer.toolCalls().size(); i++) {
            ToolCall call = answer.toolCalls().get(i);
            ObjectNode first = call(chunks, i).put("id", call.id()).put("type", "function");
            first.putObject("function").put("name", call.name()).put("arguments", "");
            for (String piece : call.arguments().split("(?<= )")) {
                call(chunks, i).putObject("function").put("arguments", piece);
            }
        }
        chunk(chunks)
                .put("finish_reason", answer.toolCalls().isEmpty() ? "stop" : "tool_calls")
                .putObject("delta");
        ObjectNode usage = Json.object();
        usage.putArray("choices");
        usage.putObject("usage").put("prompt_tokens", 11).put("completion_tokens", 7);
        chunks.add(usage);
        var events = new ArrayList<>(chunks.stream().map(c -> "data: " + Json.write(c)).toList());
        events.add("data: [DONE]");
        return events;
    }

    private static ObjectNode call(ArrayList<ObjectNode> chunks, int index) {
        return chunk(chunks)
                .putObject("delta")
                .putArray("tool_calls")
                .addObject()
                .put("index", index);
    }

    @Override
    List<String> signsOfLife() {
        return List.of(
                ": PROCESSING",
                "data: {\"choices\":[]}",
                "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\",\"tool_calls\":[]}}]}");
    }

    @Override
    String overloadEvent() {
        return "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\"}}";
    }

    @Override
    String overflowBody() {
        return """
        {"error":{"message":"This model's maximum context length is 128000 tokens.",\
        "type":"invalid_request_error","code":"context_length_exceeded"}}\
        """;
    }

    @Test
    void sendsKeyAndPath() {
        saying(said("", "Hello.")).chat(request(user("Hello")), listener, cancellation);
        var received = provider.received().getFirst();
        assertThat(received.line()).isEqualTo("POST /chat/completions HTTP/1.1");
        assertThat(received.headers())
                .containsEntry("authorization", "Bearer sk-0123456789-secret")
                .containsEntry("content-type", "application/json");
    }

    @Test
    void aStreamCutAfterItsFinishReasonIsWhole() {
        Reply whole = Reply.events(events(said("", "Hello.")));
        provider.reply(whole.first(whole.pieces().size() - 2).ending(End.CUT));
        var model = model(provider.url(), CallLimits.DEFAULT, time);
        ChatAnswer answer = model.chat(request(user("Hello")), listener, cancellation);
        assertThat(answer.message().text()).isEqualTo("Hello.");
        assertThat(answer.usage()).isEqualTo(Usage.NONE);
    }

    private static final String WANTS_EFFORT =
            """
            {"error":{"message":"Function tools with reasoning_effort are not supported for m in \
            /v1/chat/completions. Set reasoning_effort to 'none'.","param":"reasoning_effort"}}\
            """;

    @Test
    void aModelThatWantsToBeToldNotToThinkIsTold() {
        Reply hello = Reply.events(events(said("", "Hello.")));
        provider.reply(Reply.status(400, WANTS_EFFORT), hello, hello);
        var model = model(provider.url(), CallLimits.DEFAULT, time);
        model.chat(request(user("Hello")), listener, cancellation);
        model.chat(request(user("Again")), ChatListener.NONE, cancellation);

        assertThat(provider.received()).hasSize(3);
        assertThat(provider.received().get(0).body()).doesNotContain("reasoning_effort");
        assertThat(provider.received().get(1).body()).contains("\"reasoning_effort\":\"none\"");
        assertThat(provider.received().get(2).body()).contains("\"reasoning_effort\":\"none\"");
        assertThat(time.pauses).isEmpty();
    }

    @Test
    void aModelThatRefusesTheEffortAskedForIsNotAskedForLess() {
        provider.reply(Reply.status(400, WANTS_EFFORT));
        var model = model(provider.url(), CallLimits.DEFAULT, time);
        ChatRequest plain = request(user("Hello"));
        var high =
                new ChatRequest(plain.model(), "", plain.messages(), plain.tools(), Reasoning.HIGH);
        assertThatThrownBy(() -> model.chat(high, listener, cancellation))
                .hasMessageContaining("Set reasoning_effort to 'none'");
        assertThat(provider.received()).hasSize(1);
    }

    @Test
    void aRefusalThatTeachesNothingMoreIsFinal() {
        provider.reply(Reply.status(400, WANTS_EFFORT), Reply.status(400, WANTS_EFFORT));
        var model = model(provider.url(), CallLimits.DEFAULT, time);
        assertThatThrownBy(() -> model.chat(request(user("x")), listener, cancellation))
                .hasMessageContaining("refused the request");
        assertThat(provider.received()).hasSize(2);
    }
}
