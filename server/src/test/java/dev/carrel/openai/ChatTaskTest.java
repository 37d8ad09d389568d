package dev.carrel.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.openai.ChatTask.OnDisconnect;
import dev.carrel.session.SessionId;
import dev.carrel.wire.Json;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTaskTest {
    private static final String USER = "{\"role\":\"user\",\"content\":\"hi\"}";

    @Test
    void agentIsTheModelUnlessItIsNamed() {
        assertThat(task("'model':'coder','messages':[" + USER + "]").agent()).isEqualTo("coder");
        assertThat(task("'model':'x','agent':'coder','messages':[" + USER + "]").agent())
                .isEqualTo("coder");
        assertRefused(ErrorCode.INVALID_REQUEST, "model", "'messages':[" + USER + "]");
    }

    @Test
    void onlyMessagesAfterTheLastAnswerCount() {
        ChatTask task =
                task(
                        """
                        'model':'coder','messages':[
                          {'role':'system','content':'Be brief.'},
                          {'role':'user','content':[{'type':'image_url','image_url':{}}]},
                          {'role':'assistant','content':null,'tool_calls':[]},
                          {'role':'user','content':'one'},
                          {'role':'user','content':[{'type':'text','text':'two'},
                                                    {'type':'text','text':'three'}]}]\
                        """);

        assertThat(task.input().messages()).containsExactly("one", "two\nthree");
    }

    @Test
    void instructionsOfTheCallerGoBeforeWhatTheUserSays() {
        ChatTask task =
                task(
                        """
                        'model':'coder','messages':[
                          {'role':'system','content':''},
                          {'role':'developer','content':'Be brief.'},
                          {'role':'user','content':'hi'}]\
                        """);

        assertThat(task.input().messages())
                .containsExactly("<instructions>\nBe brief.\n</instructions>", "hi");
    }

    @Test
    void resultsOfTheCallersToolsNameTheirSession() {
        ChatTask task =
                task(
                        """
                        'model':'coder','messages':[
                          {'role':'user','content':'weather?'},
                          {'role':'assistant','tool_calls':[]},
                          {'role':'tool','tool_call_id':'ses_1-call-1','content':'sunny'},
                          {'role':'tool','tool_call_id':'ses_1-call-2','content':''}]\
                        """);

        assertThat(task.session()).contains(new SessionId("ses_1"));
        assertThat(task.input().callerResults()).isEqualTo(Map.of("call-1", "sunny", "call-2", ""));
    }

    @Test
    void sessionComesFromTheHeaderOrTheBody() {
        String body = "'model':'coder','messages':[" + USER + "]";
        var session = new SessionId("ses_1");

        assertThat(task(body).session()).isEmpty();
        assertThat(ChatTask.of(body(body), Optional.of("ses_1")).session()).contains(session);
        assertThat(task(body + ",'session_id':'ses_1'").session()).contains(session);
        assertThat(task(body + ",'sessionId':'ses_1'").session()).contains(session);
        assertThat(task(body + ",'session_id':null").session()).isEmpty();
        assertThat(
                        ChatTask.of(body(body + ",'session_id':'ses_1'"), Optional.of("ses_1"))
                                .session())
                .contains(session);
        assertRefused(ErrorCode.SESSION_NOT_FOUND, "session_id", body + ",'session_id':'mine'");
        assertThatThrownBy(() ->
                        ChatTask.of(body(body + ",'session_id':'ses_1'"), Optional.of("ses_2")))
                .hasMessageContaining("several sessions");
    }

    @Test
    void bareIdOfACallNeedsASession() {
        String body =
                """
                'model':'coder','messages':[
                    {'role':'tool','tool_call_id':'call_1','content':'sunny'}]\
                """;

        assertRefused(ErrorCode.INVALID_REQUEST, "messages", body);
        assertThat(task(body + ",'session_id':'ses_1'").input().callerResults())
                .isEqualTo(Map.of("call_1", "sunny"));
    }

    @Test
    void toolsOfTheCallerAreOfferedUnlessNoneMayBeCalled() {
        String body =
                "'model':'coder','messages':["
                        + USER
                        + "],'tools':[{'type':'function','function':{'name':'weather'}}]";

        assertThat(task(body).input().callerTools())
                .singleElement()
                .satisfies(tool -> {
                    assertThat(tool.name()).isEqualTo("weather");
                    assertThat(tool.parameters().toString())
                            .isEqualTo("{\"type\":\"object\",\"properties\":{}}");
                });
        assertThat(task(body + ",'tool_choice':'auto'").input().callerTools()).hasSize(1);
        assertThat(task(body + ",'tool_choice':'none'").input().callerTools()).isEmpty();
    }

    @Test
    void disconnectLeavesTheTurnAloneUnlessAskedOtherwise() {
        String body = "'model':'coder','messages':[" + USER + "],'stream':true";

        assertThat(task(body).onDisconnect()).isEqualTo(OnDisconnect.GO_ON);
        assertThat(task(body + ",'on_disconnect':'cancel'").onDisconnect())
                .isEqualTo(OnDisconnect.CANCEL);
        assertRefused(ErrorCode.INVALID_REQUEST, "on_disconnect", body + ",'on_disconnect':'die'");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'temperature':0.5",
                "'response_format':{'type':'text'}",
                "'parallel_tool_calls':true",
                "'n':1",
                "'n':null",
                "'logprobs':false",
                "'logprobs':null",
                "'logit_bias':{}",
                "'logit_bias':null",
                "'top_logprobs':null",
                "'stream':null",
                "'tools':null",
                "'metadata':null",
                "'something_of_tomorrow':[{'a':1}]"
            })
    void otherParametersAreIgnored(String parameter) {
        assertThat(task("'model':'coder','messages':[" + USER + "]," + parameter).agent())
                .isEqualTo("coder");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "n                           | 'n':2",
                "logprobs                    | 'logprobs':true",
                "top_logprobs                | 'top_logprobs':3",
                "logit_bias                  | 'logit_bias':{'50256':-100}",
                "on_disconnect               | 'on_disconnect':'cancel'",
                "tools[0].type               | 'tools':[{'type':'custom'}]"
            })
    void whatMakesNoSenseForAnAgentIsNamed(String param, String parameter) {
        assertRefused(
                ErrorCode.UNSUPPORTED_PARAMETER,
                param,
                "'model':'coder','messages':[" + USER + "]," + parameter);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "messages                 |",
                "messages                 | {'role':'assistant','content':'hi'}",
                "messages                 | {'role':'system','content':''}",
                "messages[0].role         | {'role':'function','content':'hi'}",
                "messages[0].content      | {'role':'user','content':' '}",
                "messages[0].content      | {'role':'user'}",
                "messages[0].content      | {'role':'user','content':{'type':'text'}}",
                "messages[0].content[0].text | {'role':'user','content':[{'type':'text'}]}",
                "messages[0].tool_call_id | {'role':'tool','content':'hi'}",
                "messages[1].tool_call_id | {'role':'tool','tool_call_id':'a','content':''},"
                        + "{'role':'tool','tool_call_id':'a','content':''}"
            })
    void badMessagesAreNamed(String param, String messages) {
        String list = messages == null ? "" : messages;
        assertRefused(ErrorCode.INVALID_REQUEST, param, "'model':'c','messages':[" + list + "]");
    }

    @Test
    void imagesAreNotSupported() {
        assertRefused(
                ErrorCode.UNSUPPORTED_PARAMETER,
                "messages[0].content[1]",
                """
                'model':'coder','messages':[{'role':'user','content':[
                    {'type':'text','text':'look'},{'type':'image_url','image_url':{'url':'x'}}]}]\
                """);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "tools[0].function      | {'type':'function'}",
                "tools[0].function.name | {'type':'function','function':{'name':'a b'}}",
                "tools[1].function.name | {'type':'function','function':{'name':'a'}},"
                        + "{'type':'function','function':{'name':'a'}}"
            })
    void badToolsAreNamed(String param, String tools) {
        assertRefused(
                ErrorCode.INVALID_REQUEST,
                param,
                "'model':'coder','messages':[" + USER + "],'tools':[" + tools + "]");
    }

    private static void assertRefused(ErrorCode code, String param, String body) {
        assertThatThrownBy(() -> task(body))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(code);
                            assertThat(e.param()).contains(param);
                        });
    }

    private static ChatTask task(String fields) {
        return ChatTask.of(body(fields), Optional.empty());
    }

    private static ChatBody body(String fields) {
        try {
            return Json.lenient().readValue("{" + fields.replace('\'', '"') + "}", ChatBody.class);
        } catch (ValueInstantiationException e) {
            throw (RuntimeException) e.getCause();
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }
}
