package dev.carrel.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.HttpResponseFor;
import com.openai.core.http.StreamResponse;
import com.openai.errors.OpenAIServiceException;
import com.openai.errors.SseException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionMessage;
import com.openai.models.chat.completions.ChatCompletionMessageFunctionToolCall;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import com.openai.models.models.Model;
import dev.carrel.model.ScriptedModel;
import dev.carrel.session.SessionFixture;
import dev.carrel.session.SessionId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// OpenAI's own client for Java, strict as it is, against a real server.
@Timeout(120)
class OpenAiJavaClientIT {
    @TempDir Path home;
    private Stand stand;
    private OpenAIClient client;

    @BeforeEach
    void start() throws Exception {
        stand = new Stand(home, ScriptedModel.parse(ChatCompletionsIT.SCRIPT, "script.yaml"));
        client =
                OpenAIOkHttpClient.builder()
                        .baseUrl(stand.uri("/v1").toString())
                        .apiKey(stand.key)
                        .build();
    }

    @AfterEach
    void close() {
        client.close();
        stand.close();
    }

    @Test
    void streamsATurnWithToolCalls() {
        var accumulator = ChatCompletionAccumulator.create();
        var states = new ArrayList<String>();
        for (ChatCompletionChunk chunk : stream(accumulator, params("run it").build())) {
            for (ChatCompletionChunk.Choice choice : chunk.choices()) {
                JsonValue call = extras(choice).get("tool_call");
                if (call != null) {
                    states.add(call.convert(Map.class).get("state").toString());
                }
            }
        }
        ChatCompletion answer = accumulator.chatCompletion();

        assertThat(answer.choices().getFirst().message().content())
                .contains("Let me run it.\n\nIt says hello.");
        assertThat(answer.choices().getFirst().message().toolCalls().orElse(List.of())).isEmpty();
        assertThat(answer.choices().getFirst().finishReason())
                .isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
        assertThat(answer.usage().orElseThrow().totalTokens()).isPositive();
        assertThat(states).containsExactly("preparing", "calling", "calling", "completed");
    }

    @Test
    void getsAWholeAnswerAndGoesOnInItsSession() {
        String session;
        try (HttpResponseFor<ChatCompletion> response =
                client.chat().completions().withRawResponse().create(params("run it").build())) {
            session = response.headers().values("x-session-id").getFirst();
            ChatCompletion answer = response.parse();
            assertThat(answer.choices().getFirst().message().content())
                    .contains("Let me run it.\n\nIt says hello.");
        }
        ChatCompletion second =
                client.chat()
                        .completions()
                        .create(
                                params("and then")
                                        .putAdditionalBodyProperty(
                                                "session_id", JsonValue.from(session))
                                        .build());

        assertThat(second.choices().getFirst().message().content()).contains("That was it.");
        assertThat(stand.base.session(new SessionId(session)).lastEvent()).isGreaterThan(10);
    }

    @Test
    void runsToolsOfItsOwn() {
        ChatCompletionCreateParams ask =
                params("weather?")
                        .addFunctionTool(
                                FunctionDefinition.builder()
                                        .name("weather")
                                        .parameters(
                                                FunctionParameters.builder()
                                                        .putAdditionalProperty(
                                                                "type", JsonValue.from("object"))
                                                        .build())
                                        .build())
                        .build();
        var first = ChatCompletionAccumulator.create();
        assertThat(stream(first, ask)).isNotEmpty();
        ChatCompletionMessage message = first.chatCompletion().choices().getFirst().message();
        ChatCompletionMessageFunctionToolCall call =
                message.toolCalls().orElseThrow().getFirst().asFunction();
        assertThat(call.function().name()).isEqualTo("weather");
        assertThat(call.function().arguments()).isEqualTo("{\"city\":\"Rome\"}");

        var second = ChatCompletionAccumulator.create();
        stream(
                second,
                ask.toBuilder()
                        .addMessage(message)
                        .addMessage(
                                ChatCompletionToolMessageParam.builder()
                                        .toolCallId(call.id())
                                        .content("sunny")
                                        .build())
                        .build());
        assertThat(second.chatCompletion().choices().getFirst().message().content())
                .contains("It is sunny in Rome.");
    }

    @Test
    void seesFailuresAsItsOwnExceptionsAndDoesNotRepeatTheTurn() {
        assertThatThrownBy(() -> client.chat().completions().create(params("fail at once").build()))
                .isInstanceOfSatisfying(
                        OpenAIServiceException.class,
                        e -> {
                            assertThat(e.statusCode()).isEqualTo(503);
                            assertThat(e.code()).contains("model_unavailable");
                        });
        assertThat(sessions()).isEqualTo(1);
        assertThatThrownBy(() ->
                        stream(ChatCompletionAccumulator.create(), params("fail later").build()))
                .isInstanceOf(SseException.class)
                .hasMessageContaining("out of order");
        assertThat(sessions()).isEqualTo(2);
    }

    @Test
    void listsTheAgents() {
        assertThat(client.models().list().data()).extracting(Model::id).containsExactly("coder");
        assertThat(client.models().retrieve("coder").ownedBy()).isEqualTo("default");
    }

    @SuppressWarnings("deprecation") // yet the client's only way to keys that it does not know
    private static Map<String, JsonValue> extras(ChatCompletionChunk.Choice choice) {
        return choice._additionalProperties();
    }

    private int sessions() {
        return stand.base
                .sessions
                .list(SessionFixture.PROJECT, 10, Optional.empty())
                .items()
                .size();
    }

    private List<ChatCompletionChunk> stream(
            ChatCompletionAccumulator accumulator, ChatCompletionCreateParams params) {
        try (StreamResponse<ChatCompletionChunk> response =
                client.chat().completions().createStreaming(params)) {
            return response.stream().map(accumulator::accumulate).toList();
        }
    }

    private static ChatCompletionCreateParams.Builder params(String text) {
        return ChatCompletionCreateParams.builder()
                .model("coder")
                .addUserMessage(text)
                .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build());
    }
}
