package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.ErrorCode;
import java.net.http.HttpResponse;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What every route of the native API refuses in the same way.
class RequestRulesIT extends ApiStage {
    private HttpResponse<String> refused(String method, String path, String body, ErrorCode code)
            throws Exception {
        HttpResponse<String> answer = call(method, path, body);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(code.httpStatus());
        assertThat(code(answer)).isEqualTo(code.wireName());
        return answer;
    }

    @ParameterizedTest
    @ValueSource(strings = {"metadata", "env"})
    void nullInAMapIsRefusedByCreationAndChangeAlike(String field) throws Exception {
        String body = "{\"" + field + "\":{\"K\":null}}";
        for (String[] call :
                new String[][] {
                    {"POST", "/v1/sandboxes"},
                    {"PATCH", "/v1/sandboxes/" + sandbox}
                }) {
            assertThat(refused(call[0], call[1], body, ErrorCode.INVALID_REQUEST).body())
                    .contains(field + ".K must not be null");
        }
    }

    @Test
    void halfACharacterIsRefusedAndSpoilsNoList() throws Exception {
        String body = "{\"name\":\"\\ud800\"}";
        assertThat(refused("POST", "/v1/sandboxes", body, ErrorCode.INVALID_REQUEST).body())
                .contains("name holds half a character");
        refused("PATCH", "/v1/sandboxes/" + sandbox, body, ErrorCode.INVALID_REQUEST);
        assertThat(list("/v1/sandboxes").path("data")).isNotEmpty();
    }

    @Test
    void anUnknownQueryParameterIsRefusedNamingTheNearest() throws Exception {
        assertThat(refused("GET", "/v1/sandboxes?stat=running", "", ErrorCode.UNKNOWN_FIELD).body())
                .contains("stat", "did you mean", "state");
        assertThat(refused("GET", "/v1/keys?limits=3", "", ErrorCode.UNKNOWN_FIELD).body())
                .contains("did you mean", "limit");
        assertThat(refused("DELETE", "/v1/keys/x?force=1", "", ErrorCode.UNKNOWN_FIELD).body())
                .contains("takes none");
        refused("GET", "/v1/sandboxes?metadata.=x", "", ErrorCode.UNKNOWN_FIELD);
    }

    @Test
    void everyDescribedQueryParameterIsTaken() throws Exception {
        for (String query :
                Stream.of("state=running", "user=u", "metadata.k=v", "limit=3")
                        .map("/v1/sandboxes?"::concat)
                        .toList()) {
            assertThat(call("GET", query, "").statusCode()).as(query).isEqualTo(200);
        }
        assertThat(call("GET", "/healthz?probe=1", "").statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"xx", "", "!", "AAAAAA", "L3dvcmtzcGFjZQ"})
    void aCursorThatNoPageGaveIsRefused(String cursor) throws Exception {
        String path = "/v1/sandboxes/" + sandbox + "/files/workspace?list=true&cursor=" + cursor;
        assertThat(refused("GET", path, "", ErrorCode.INVALID_REQUEST).body())
                .contains("next_cursor");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "1e300", "86401"})
    void aTimeoutOutOfRangeIsToldTheSameLimit(String seconds) throws Exception {
        String path = "/v1/sandboxes/" + sandbox + "/execute";
        String body = "{\"command\":\"true\",\"timeout_seconds\":" + seconds + "}";
        assertThat(refused("POST", path, body, ErrorCode.INVALID_REQUEST).body())
                .contains("above 0 and at most 86400");
    }

    @Test
    void ttlHasOneLimit() throws Exception {
        String body = "{\"ttl_seconds\":31536001}";
        assertThat(refused("POST", "/v1/sandboxes", body, ErrorCode.INVALID_REQUEST).body())
                .contains("from 1 to 31536000");
    }

    @Test
    void aCodedBodyIsRefusedByItsHeaderAndIdentityIsNone() throws Exception {
        String file = "/v1/sandboxes/" + sandbox + "/files/workspace/coded";
        HttpResponse<String> coded = call("PUT", file, "x", "Content-Encoding", "gzip");
        assertThat(coded.statusCode()).isEqualTo(415);
        assertThat(coded.body()).contains("\"param\":\"Content-Encoding\"");
        assertThat(call("PUT", file, "plain", "Content-Encoding", "identity").statusCode())
                .isEqualTo(200);
        assertThat(call("GET", file, "").body()).isEqualTo("plain");
    }
}
