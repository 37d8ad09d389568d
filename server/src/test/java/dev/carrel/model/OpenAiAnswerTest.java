package dev.carrel.model;

import static dev.carrel.model.Chats.request;
import static dev.carrel.model.Chats.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.ErrorCode;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/// The ways in which providers differ from the book.
class OpenAiAnswerTest {
    private static final ProviderAccess ACCESS =
            new ProviderAccess("acme", URI.create("http://host"), Optional.empty());

    private final RecordingListener listener = new RecordingListener();

    private ChatAnswer read(ChatRequest request, String... chunks) {
        listener.restarted();
        var reader = new OpenAiAnswer(ACCESS, request, listener);
        for (String chunk : chunks) {
            reader.accept(new ServerEvent("", chunk.replace('\'', '"')));
        }
        ChatAnswer answer = reader.answer();
        assertThat(listener.heard(answer.message())).isEqualTo(answer.message());
        return answer;
    }

    private static String delta(String delta) {
        return "{'choices':[{'delta':" + delta + "}]}";
    }

    private static String call(String fragment) {
        return delta("{'tool_calls':[" + fragment + "]}");
    }

    private static String finish(String reason) {
        return "{'choices':[{'delta':{},'finish_reason':'" + reason + "'}]}";
    }

    private List<ToolCall> calls(String... fragments) {
        String[] chunks = new String[fragments.length + 1];
        for (int i = 0; i < fragments.length; i++) {
            chunks[i] = call(fragments[i]);
        }
        chunks[fragments.length] = finish("tool_calls");
        return read(request(user("x")), chunks).message().toolCalls();
    }

    @Test
    void fragmentsOfParallelCallsMayAlternate() {
        assertThat(
                        calls(
                                "{'index':0,'id':'a','function':{'name':'bash','arguments':''}}",
                                "{'index':1,'id':'b','function':{'name':'read','arguments':'{'}}",
                                "{'index':0,'function':{'arguments':'{}'}}",
                                "{'index':1,'function':{'arguments':'}'}}"))
                .containsExactly(new ToolCall("a", "bash", "{}"), new ToolCall("b", "read", "{}"));
    }

    @Test
    void parallelCallsOfTheSameIndexAreToldApartByTheirIds() {
        assertThat(
                        calls(
                                "{'index':0,'id':'a','function':{'name':'bash','arguments':'{}'}}",
                                "{'index':0,'id':'b','function':{'name':'bash','arguments':'{}'}}"))
                .extracting(ToolCall::id)
                .containsExactly("a", "b");
    }

    @Test
    void callsWithoutIndexAndIdAreToldApartByTheirNames() {
        List<ToolCall> calls =
                calls(
                        "{'function':{'name':'bash','arguments':'{'}}",
                        "{'function':{'arguments':'}'}}",
                        "{'function':{'name':'bash','arguments':{'n':1}}}");
        assertThat(calls).extracting(ToolCall::arguments).containsExactly("{}", "{\"n\":1}");
        assertThat(calls).extracting(ToolCall::id).doesNotHaveDuplicates();
        assertThat(calls).allMatch(call -> call.id().matches("[a-z0-9]{9}"));
    }

    @Test
    void idAndNameMayBeRepeatedInEachFragment() {
        assertThat(
                        calls(
                                "{'index':0,'id':'a','function':{'name':'bash','arguments':'{'}}",
                                "{'index':0,'id':'a','function':{'name':'bash','arguments':'}'}}"))
                .containsExactly(new ToolCall("a", "bash", "{}"));
    }

    @Test
    void idsThatTheConversationHasAlreadyAreReplaced() {
        ChatRequest request =
                request(
                        user("x"),
                        Chats.assistant("", new ToolCall("call_0", "bash", "{}")),
                        Chats.result("call_0", "ok"));
        String fragment = "{'index':0,'id':'call_0','function':{'name':'bash','arguments':'{}'}}";
        ChatAnswer answer = read(request, call(fragment), finish("tool_calls"));
        assertThat(answer.message().toolCalls().getFirst().id()).isNotEqualTo("call_0");
    }

    @Test
    void namesAreTranslatedBack() {
        ChatRequest plain = request(user("x"));
        var dotted = List.of(Chats.tool("db.query", ""));
        var request = new ChatRequest("m", "", plain.messages(), dotted, Reasoning.OFF);
        String fragment = "{'index':0,'id':'a','function':{'name':'db_query','arguments':'{}'}}";
        ChatAnswer answer = read(request, call(fragment), finish("tool_calls"));
        assertThat(answer.message().toolCalls().getFirst().name()).isEqualTo("db.query");
    }

    @Test
    void whatTheProviderAddsToACallGoesBackWithIt() {
        ChatAnswer answer =
                read(
                        request(user("x")),
                        call(
                                "{'index':0,'id':'a','extra_content':{'google':"
                                        + "{'thought_signature':'s'}},"
                                        + "'function':{'name':'bash','arguments':'{}'}}"),
                        finish("tool_calls"));
        var next = new OpenAiProtocol(ACCESS, OptionalInt.empty());
        assertThat(next.body(request(user("x"), answer.message())).toString())
                .contains("\"extra_content\":{\"google\":{\"thought_signature\":\"s\"}}");
    }

    @Test
    void reasoningGoesBackUnderTheNameItCameWith() {
        ChatAnswer answer =
                read(
                        request(user("x")),
                        delta("{'reasoning':'Hm','reasoning_content':null}"),
                        delta("{'reasoning':'.','content':'Yes.'}"),
                        finish("stop"));
        assertThat(answer.message().reasoning()).isEqualTo("Hm.");
        var next = new OpenAiProtocol(ACCESS, OptionalInt.empty());
        assertThat(next.body(request(user("x"), answer.message())).toString())
                .contains("\"reasoning\":\"Hm.\"");
    }

    @Test
    void contentMayBeAListOfTextAndThinking() {
        ChatAnswer answer =
                read(
                        request(user("x")),
                        delta(
                                "{'content':[{'type':'thinking','thinking':[{'type':'text',"
                                        + "'text':'Hm.'}]},{'type':'text','text':'Yes.'}]}"),
                        finish("stop"));
        assertThat(answer.message().text()).isEqualTo("Yes.");
        assertThat(answer.message().reasoning()).isEqualTo("Hm.");
    }

    private Usage usage(String usage) {
        return read(
                        request(user("x")),
                        delta("{'content':'Yes.'}"),
                        finish("stop"),
                        "{'choices':[],'usage':" + usage + "}",
                        "[DONE]")
                .usage();
    }

    @Test
    void usageIsReadInAllItsForms() {
        assertThat(
                        usage(
                                "{'prompt_tokens':100,'completion_tokens':20,'total_tokens':120,"
                                        + "'prompt_tokens_details':{'cached_tokens':64},"
                                        + "'completion_tokens_details':{'reasoning_tokens':5}}"))
                .isEqualTo(new Usage(100, 20, 64, 0, 5));
        assertThat(
                        usage(
                                "{'prompt_tokens':100,'completion_tokens':20,'total_tokens':150,"
                                        + "'completion_tokens_details':{'reasoning_tokens':30}}"))
                .as("reasoning beside the completion")
                .isEqualTo(new Usage(100, 50, 0, 0, 30));
        assertThat(usage("{'prompt_tokens':9,'completion_tokens':1,'prompt_cache_hit_tokens':8}"))
                .isEqualTo(new Usage(9, 1, 8, 0, 0));
        assertThat(usage("null")).isEqualTo(Usage.NONE);
    }

    @Test
    void finishReasonsAreTranslated() {
        String text = delta("{'content':'Yes.'}");
        ChatRequest request = request(user("x"));
        assertThat(read(request, text, finish("length")).finish()).isEqualTo(FinishReason.LENGTH);
        assertThat(read(request, text, finish("content_filter")).finish())
                .isEqualTo(FinishReason.CONTENT_FILTER);
        assertThat(read(request, text, "[DONE]").finish()).isEqualTo(FinishReason.STOP);
        String fragment = "{'index':0,'id':'a','function':{'name':'bash','arguments':'{}'}}";
        assertThat(read(request, call(fragment), finish("stop")).finish())
                .isEqualTo(FinishReason.TOOL_CALLS);
    }

    @Test
    void anAnswerThatTheLimitLeftEmptyIsAnAnswer() {
        assertThat(read(request(user("x")), finish("length")).finish())
                .isEqualTo(FinishReason.LENGTH);
    }

    @Test
    void errorsInTheStreamAreTranslated() {
        assertFails("{'error':{'message':'x','code':429}}", ErrorCode.MODEL_RATE_LIMITED);
        assertFails("{'error':{'message':'x','code':'502'}}", ErrorCode.MODEL_UNAVAILABLE);
        assertFails(
                "{'error':{'message':'x','type':'invalid_request_error'}}",
                ErrorCode.MODEL_REFUSED_REQUEST);
        assertFails(
                "{'error':{'message':'x','code':'context_length_exceeded'}}",
                ErrorCode.MODEL_CONTEXT_OVERFLOW);
        assertFails("{'error':'model crashed'}", ErrorCode.MODEL_UNAVAILABLE);
        assertFails("[1]", ErrorCode.MODEL_BAD_ANSWER);
    }

    private void assertFails(String chunk, ErrorCode code) {
        assertThatThrownBy(() -> read(request(user("x")), chunk))
                .isInstanceOfSatisfying(
                        ProviderFailure.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
