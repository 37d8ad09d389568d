package dev.carrel.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.ErrorCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProviderComplaintTest {
    private static ProviderComplaint of(int status, String body) {
        return ProviderComplaint.ofResponse(status, body.replace('\'', '"'));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'error':{'message':'Too bad','type':'t','code':null}}",
                "{'type':'error','error':{'type':'t','message':'Too bad'}}",
                "[{'error':{'code':400,'message':'Too bad','status':'INVALID_ARGUMENT'}}]",
                "{'object':'error','message':'Too bad','type':'t'}",
                "{'error':'Too bad'}",
                "{'detail':'Too bad'}",
            })
    void findsTheMessageInEveryShape(String body) {
        assertThat(of(400, body).message()).isEqualTo("Too bad");
        assertThat(of(400, body).code()).isEqualTo(ErrorCode.MODEL_REFUSED_REQUEST);
    }

    @Test
    void knowsAFilterThatKeepsThePromptBack() {
        String azure = "{'error':{'message':'The response was filtered','code':'content_filter'}}";
        assertThat(of(400, azure).code()).isEqualTo(ErrorCode.MODEL_CONTENT_FILTERED);
        assertThat(of(500, azure).code()).isEqualTo(ErrorCode.MODEL_UNAVAILABLE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "This model's maximum context length is 128000 tokens. However, you requested 1",
                "prompt is too long: 210000 tokens > 200000 maximum",
                "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
                "The input token count (1200000) exceeds the maximum number of tokens allowed",
                "This model's maximum prompt length is 131072 but the request contains 200000",
                "the request exceeds the available context size, try increasing it",
                "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768"
                        + " maximum context length",
            })
    void knowsHowProvidersSayThatThePromptIsTooLong(String message) {
        String body = Json.write(Json.object().put("message", message));
        assertThat(ProviderComplaint.ofResponse(400, body).code())
                .isEqualTo(ErrorCode.MODEL_CONTEXT_OVERFLOW);
        assertThat(ProviderComplaint.ofResponse(503, body).code())
                .isEqualTo(ErrorCode.MODEL_UNAVAILABLE);
    }

    @ParameterizedTest
    @CsvSource({
        "400, MODEL_REFUSED_REQUEST",
        "401, MODEL_UNAUTHORIZED",
        "402, MODEL_REFUSED_REQUEST",
        "403, MODEL_UNAUTHORIZED",
        "404, MODEL_REFUSED_REQUEST",
        "408, MODEL_UNAVAILABLE",
        "413, MODEL_CONTEXT_OVERFLOW",
        "429, MODEL_RATE_LIMITED",
        "500, MODEL_UNAVAILABLE",
        "529, MODEL_UNAVAILABLE",
        "302, MODEL_REFUSED_REQUEST",
    })
    void everyStatusHasItsCode(int status, ErrorCode code) {
        assertThat(of(status, "nonsense").code()).isEqualTo(code);
    }

    @Test
    void beingOutOfCreditIsNotARateLimit() {
        assertThat(of(429, "{'error':{'code':'insufficient_quota'}}").code())
                .isEqualTo(ErrorCode.MODEL_REFUSED_REQUEST);
    }
}
