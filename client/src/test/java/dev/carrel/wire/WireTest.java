package dev.carrel.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WireTest {
    @Test
    void requestsLeaveOutWhatIsNotSaid() throws IOException {
        assertThat(Json.strict().writeValueAsString(SandboxRequest.defaults())).isEqualTo("{}");
        var request = SandboxRequest.builder().name("a").ttlSeconds(60).build();
        assertThat(Json.strict().writeValueAsString(request))
                .isEqualTo("{\"name\":\"a\",\"ttl_seconds\":60}");
    }

    @Test
    void answersKeepTheirShape() throws IOException {
        var file =
                new FileInfo(
                        "/a",
                        "file",
                        3,
                        "0644",
                        0,
                        0,
                        Instant.parse("2026-01-02T03:04:05Z"),
                        Optional.empty(),
                        Optional.empty());
        assertThat(Json.strict().writeValueAsString(file))
                .isEqualTo(
                        "{\"path\":\"/a\",\"type\":\"file\",\"size_bytes\":3,\"mode\":\"0644\","
                                + "\"owner\":0,\"group\":0,"
                                + "\"modified_at\":\"2026-01-02T03:04:05Z\",\"link_target\":null,\"url_path\":null}");
    }

    @Test
    void aCommandIsALineOrAList() throws IOException {
        assertThat(command("\"echo hi\"").argv()).containsExactly("/bin/sh", "-c", "echo hi");
        assertThat(command("[\"echo\",\"hi\"]").argv()).containsExactly("echo", "hi");
        assertThat(Json.strict().writeValueAsString(Command.line("a b"))).isEqualTo("\"a b\"");
        assertThat(Json.strict().writeValueAsString(Command.of(List.of("a", "b"))))
                .isEqualTo("[\"a\",\"b\"]");
        for (String bad : List.of("\"\"", "[]", "[1]", "[\"\"]", "{}", "{\"a\":\"b\"}", "7")) {
            assertThatThrownBy(() -> command(bad))
                    .as(bad)
                    .hasMessageContaining("command must be a string");
        }
    }

    private static Command command(String json) throws IOException {
        return Json.strict().readValue(json, Command.class);
    }

    @Test
    void requestsAreStrictAndAnswersAreNot() throws IOException {
        String json = "{\"name\":\"a\",\"more\":1}";
        assertThatThrownBy(() -> Json.strict().readValue(json, KeyRequest.class))
                .isInstanceOf(UnrecognizedPropertyException.class);
        assertThat(Json.lenient().readValue(json, KeyRequest.class).name()).isEqualTo("a");
    }

    @Test
    void listsAreCopied() {
        var env = new java.util.HashMap<String, String>();
        var request = ExecuteRequest.of(Command.line("x")).withEnv(env);
        env.put("A", "B");
        assertThat(request.env()).isEqualTo(Map.of());
    }
}
