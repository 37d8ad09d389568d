package dev.carrel.model;

import static dev.carrel.model.Chats.request;
import static dev.carrel.model.Chats.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.error.ErrorCode;
import java.net.URI;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class AnthropicAnswerTest {
    private static final ProviderAccess ACCESS =
            new ProviderAccess("acme", URI.create("http://host"), Optional.empty());

    private final RecordingListener listener = new RecordingListener();

    private ChatAnswer read(String... events) {
        var reader = new AnthropicAnswer(ACCESS, request(user("x")), listener);
        for (String event : events) {
            reader.accept(new ServerEvent("", event.replace('\'', '"')));
        }
        ChatAnswer answer = reader.answer();
        assertThat(listener.heard(answer.message())).isEqualTo(answer.message());
        return answer;
    }

    private static String start(int index, String block) {
        return "{'type':'content_block_start','index':" + index + ",'content_block':" + block + "}";
    }

    private static String delta(int index, String delta) {
        return "{'type':'content_block_delta','index':" + index + ",'delta':" + delta + "}";
    }

    private static String stop(String reason) {
        return "{'type':'message_delta','delta':{'stop_reason':'"
                + reason
                + "'},'usage':{'output_tokens':9}}";
    }

    private static final String END = "{'type':'message_stop'}";

    /// What the next request sends for this answer.
    private static JsonNode sentBack(ChatAnswer answer) {
        var protocol = new AnthropicProtocol(ACCESS, OptionalInt.empty());
        JsonNode body = protocol.body(request(user("x"), answer.message()));
        return body.path("messages").path(1).path("content");
    }

    @Test
    void thinkingGoesBackExactlyAsItCame() {
        ChatAnswer answer =
                read(
                        start(0, "{'type':'thinking','thinking':'','signature':''}"),
                        delta(0, "{'type':'thinking_delta','thinking':'One'}"),
                        delta(0, "{'type':'thinking_delta','thinking':'.'}"),
                        delta(0, "{'type':'signature_delta','signature':'sig1'}"),
                        start(1, "{'type':'text','text':''}"),
                        delta(1, "{'type':'text_delta','text':'First.'}"),
                        start(2, "{'type':'redacted_thinking','data':'xyz'}"),
                        start(3, "{'type':'thinking','thinking':''}"),
                        delta(3, "{'type':'thinking_delta','thinking':'Two.'}"),
                        delta(3, "{'type':'signature_delta','signature':'sig2'}"),
                        start(4, "{'type':'text','text':''}"),
                        delta(4, "{'type':'text_delta','text':'Second.'}"),
                        start(5, "{'type':'tool_use','id':'a','name':'bash','input':{}}"),
                        delta(5, "{'type':'input_json_delta','partial_json':'{}'}"),
                        stop("tool_use"),
                        END);

        assertThat(answer.message().text()).isEqualTo("First.\n\nSecond.");
        assertThat(answer.message().reasoning()).isEqualTo("One.\n\nTwo.");
        Golden.assertSame(sentBack(answer), "anthropic-thinking.json");
    }

    @Test
    void thinkingWithoutItsTextGoesBackToo() {
        ChatAnswer answer =
                read(
                        start(0, "{'type':'thinking','thinking':''}"),
                        delta(0, "{'type':'signature_delta','signature':'sig'}"),
                        start(1, "{'type':'tool_use','id':'a','name':'bash','input':{}}"),
                        stop("tool_use"),
                        END);
        assertThat(sentBack(answer).path(0).toString())
                .isEqualTo("{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"sig\"}");
        assertThat(sentBack(answer).path(1).path("input").toString()).isEqualTo("{}");
    }

    @Test
    void thinkingWithoutASignatureIsNotSentBack() {
        ChatAnswer answer =
                read(
                        start(0, "{'type':'thinking','thinking':'Hm.'}"),
                        start(1, "{'type':'text','text':'Yes.'}"),
                        stop("end_turn"),
                        END);
        assertThat(answer.message().reasoning()).isEqualTo("Hm.");
        assertThat(sentBack(answer).toString())
                .isEqualTo("[{\"type\":\"text\",\"text\":\"Yes.\"}]");
    }

    @Test
    void argumentsMayComeWhole() {
        ChatAnswer answer =
                read(
                        start(0, "{'type':'tool_use','id':'','name':'bash','input':{'n':1}}"),
                        stop("tool_use"),
                        END);
        ToolCall call = answer.message().toolCalls().getFirst();
        assertThat(call.arguments()).isEqualTo("{\"n\":1}");
        assertThat(call.id()).matches("[a-z0-9]{9}");
    }

    @Test
    void usageCountsTheCache() {
        ChatAnswer answer =
                read(
                        "{'type':'message_start','message':{'model':'m','usage':{"
                                + "'input_tokens':10,'cache_read_input_tokens':200,"
                                + "'cache_creation_input_tokens':30,'output_tokens':1}}}",
                        start(0, "{'type':'text','text':'Yes.'}"),
                        stop("end_turn"),
                        END);
        assertThat(answer.usage()).isEqualTo(new Usage(240, 9, 200, 30, 0));
        assertThat(answer.model()).isEqualTo("m");
    }

    @Test
    void unknownEventsAndBlocksAreIgnored() {
        ChatAnswer answer =
                read(
                        "{'type':'ping'}",
                        "{'type':'news','index':7}",
                        start(0, "{'type':'hologram'}"),
                        delta(0, "{'type':'hologram_delta','x':1}"),
                        start(1, "{'type':'text','text':'Yes.'}"),
                        stop("end_turn"),
                        END);
        assertThat(answer.message().text()).isEqualTo("Yes.");
    }

    @Test
    void finishReasonsAreTranslated() {
        assertThat(read(stop("refusal"), END).finish()).isEqualTo(FinishReason.CONTENT_FILTER);
        assertThat(read(stop("max_tokens"), END).finish()).isEqualTo(FinishReason.LENGTH);
    }

    @Test
    void errorsInTheStreamAreTranslated() {
        assertFails("overloaded_error", ErrorCode.MODEL_UNAVAILABLE);
        assertFails("api_error", ErrorCode.MODEL_UNAVAILABLE);
        assertFails("rate_limit_error", ErrorCode.MODEL_RATE_LIMITED);
        assertFails("authentication_error", ErrorCode.MODEL_UNAUTHORIZED);
        assertFails("invalid_request_error", ErrorCode.MODEL_REFUSED_REQUEST);
        assertFails("request_too_large", ErrorCode.MODEL_CONTEXT_OVERFLOW);
    }

    private void assertFails(String type, ErrorCode code) {
        assertThatThrownBy(() -> read("{'type':'error','error':{'type':'" + type + "'}}"))
                .isInstanceOfSatisfying(
                        ProviderFailure.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void aPieceOfABlockThatWasNotBegunIsABadAnswer() {
        assertThatThrownBy(() -> read(delta(3, "{'type':'text_delta','text':'x'}")))
                .isInstanceOf(ProviderFailure.class);
    }
}
