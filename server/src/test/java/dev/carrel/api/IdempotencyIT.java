package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.wire.Json;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;

/// What becomes of an `Idempotency-Key` when there is no answer to repeat.
class IdempotencyIT extends ApiStage {
    private static final String LONG = "{\"command\":\"echo x >> long; yes | head -c 1048576\"}";

    private HttpResponse<String> execute(String body, String key) throws Exception {
        String path = "/v1/sandboxes/" + sandbox + "/execute";
        return call("POST", path, body, "Idempotency-Key", key);
    }

    private String output(String command) throws Exception {
        String path = "/v1/sandboxes/" + sandbox + "/execute";
        return json(call("POST", path, "{\"command\":\"" + command + "\"}"))
                .path("stdout")
                .asText();
    }

    private static JsonNode json(HttpResponse<String> answer) throws Exception {
        return Json.lenient().readTree(answer.body());
    }

    /// As a server leaves it that dies between the work and its answer.
    private void loseTheAnswer(String key) {
        server.store.write(handle ->
                handle.execute(
                        "update idempotency_keys set status = 0, body = ''"
                                + " where idempotency_key = ?",
                        key));
    }

    @Test
    void anAnswerTooLongToKeepIsReadAgainAndItsKeyStaysTaken() throws Exception {
        JsonNode first = json(execute(LONG, "long"));
        assertThat(first.path("stdout").asText()).hasSize(1 << 20);
        assertThat(json(execute(LONG, "long")).path("id")).isEqualTo(first.path("id"));
        assertThat(output("cat long")).isEqualTo("x\n");
        HttpResponse<String> other = execute("{\"command\":\"echo other\"}", "long");
        assertThat(other.statusCode()).isEqualTo(409);
        assertThat(other.body()).contains("different request");
    }

    @Test
    void aForgottenKeyGivesNoOtherCommandsResult() throws Exception {
        assertThat(json(execute("{\"command\":\"echo first\"}", "old")).path("stdout").asText())
                .isEqualTo("first\n");
        server.store.write(handle ->
                handle.execute("delete from idempotency_keys where idempotency_key = 'old'"));
        assertThat(json(execute("{\"command\":\"echo second\"}", "old")).path("stdout").asText())
                .isEqualTo("second\n");
    }

    @Test
    void aCommandWhoseAnswerWasLostIsFound() throws Exception {
        String body = "{\"command\":\"echo x >> lost; cat lost\"}";
        JsonNode first = json(execute(body, "lost"));
        loseTheAnswer("lost");
        assertThat(json(execute(body, "lost"))).isEqualTo(first);
        HttpResponse<String> third = execute(body, "lost");
        assertThat(third.headers().firstValue("Idempotent-Replayed")).hasValue("true");
        assertThat(json(third).path("stdout").asText()).isEqualTo("x\n");
    }

    @Test
    void workWhoseAnswerWasLostIsNotDoneTwice() throws Exception {
        String body = "{\"metadata\":{\"cut\":\"yes\"}}";
        String[] key = {"Idempotency-Key", "cut"};
        assertThat(call("POST", "/v1/sandboxes", body, key).statusCode()).isEqualTo(201);
        loseTheAnswer("cut");
        HttpResponse<String> again = call("POST", "/v1/sandboxes", body, key);
        assertThat(again.statusCode()).isEqualTo(409);
        assertThat(again.body()).contains("cut off");
        assertThat(list("/v1/sandboxes?metadata.cut=yes").path("data")).hasSize(1);
    }

    @Test
    void theQueryIsPartOfTheRequest() throws Exception {
        String file = "/v1/sandboxes/" + sandbox + "/files/workspace/made?op=";
        String[] key = {"Idempotency-Key", "op"};
        assertThat(call("POST", file + "mkdir", "{}", key).statusCode()).isEqualTo(200);
        assertThat(call("POST", file + "mkdir", "{}", key).statusCode()).isEqualTo(200);
        assertThat(call("POST", file + "chmod", "{}", key).statusCode()).isEqualTo(409);
    }
}
