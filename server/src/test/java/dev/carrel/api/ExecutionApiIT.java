package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.ExecutionInfo;
import dev.carrel.wire.ExecutionSummary;
import dev.carrel.wire.Json;
import dev.carrel.wire.Signal;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class ExecutionApiIT extends ApiStage {
    private ExecutionInfo begin(String line) {
        ExecuteRequest request = ExecuteRequest.of(Command.line(line)).inBackground();
        ExecutionInfo begun = client.sandboxes().execute(sandbox, request);
        assertThat(begun.id()).startsWith("exe_");
        return begun;
    }

    private ExecutionInfo await(String id, Predicate<ExecutionInfo> condition) {
        Instant end = Instant.now().plus(Duration.ofSeconds(20));
        while (true) {
            ExecutionInfo info = client.sandboxes().execution(sandbox, id);
            if (condition.test(info)) {
                return info;
            }
            assertThat(Instant.now()).as("in time: " + info).isBefore(end);
            Thread.yield();
        }
    }

    private String path(String id) {
        return "/v1/sandboxes/" + sandbox + "/executions/" + id;
    }

    @Test
    void emptyWorkingDirectoryIsRefused() throws Exception {
        String body = "{\"command\": \"pwd\", \"cwd\": \"\"}";
        var answer = call("POST", "/v1/sandboxes/" + sandbox + "/execute", body);
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(code(answer)).isEqualTo("invalid_path");
    }

    @Test
    void aBackgroundCommandIsTalkedToAndReadFromAnyByte() throws Exception {
        ExecutionInfo begun = begin("read a; echo got $a; read b; echo got $b; exit 7");
        assertThat(begun.status()).isEqualTo("running");
        assertThat(begun.exitCode()).isEmpty();

        client.executions().writeStdin(sandbox, begun.id(), "one\n", false);
        ExecutionInfo half = await(begun.id(), info -> info.stdout().equals("got one\n"));
        assertThat(half.stdoutNext()).isEqualTo(8);
        assertThat(
                        call("POST", path(begun.id()) + "/stdin", "{\"base64\":\"dHdvCg==\"}")
                                .statusCode())
                .isEqualTo(204);

        ExecutionInfo ended = await(begun.id(), info -> !info.status().equals("running"));
        assertThat(ended.exitCode()).contains(7);
        JsonNode rest = list(path(begun.id()) + "?stdout_from=8");
        assertThat(rest.path("stdout").asText()).isEqualTo("got two\n");
        assertThat(rest.path("stdout_next").asLong()).isEqualTo(16);
        assertThat(code(call("POST", path(begun.id()) + "/stdin", "{\"text\":\"x\"}")))
                .isEqualTo("conflict");
    }

    @Test
    void outputThatIsNoTextIsReadAsItIs() throws Exception {
        ExecutionInfo begun = begin("head -c 2200000 /dev/zero | tr '\\0' x; printf '\\377\\376'");
        ExecutionInfo ended = await(begun.id(), info -> !info.status().equals("running"));
        assertThat(ended.stdoutNext()).isEqualTo(2_200_002);
        assertThat(ended.truncated()).isTrue();
        assertThat(ended.stdoutStart()).isEqualTo(2_200_002 - (2 << 20));
        assertThat(ended.stderrStart()).isZero();
        try (var end = client.executions().output(sandbox, begun.id(), "stdout", 2_200_000)) {
            assertThat(end.readAllBytes()).isEqualTo(new byte[] {(byte) 0xff, (byte) 0xfe});
        }
        HttpResponse<String> whole = call("GET", path(begun.id()) + "/stdout", "");
        assertThat(whole.headers().firstValue("content-type")).hasValue("application/octet-stream");
        assertThat(whole.headers().firstValueAsLong("content-length")).hasValue(2 << 20);
        assertThat(whole.headers().firstValue("x-output-start"))
                .hasValue(Long.toString(ended.stdoutStart()));
        assertThat(whole.headers().firstValue("x-output-next")).hasValue("2200002");
        HttpResponse<String> none = call("GET", path(begun.id()) + "/stderr?from=9", "");
        assertThat(none.body()).isEmpty();
        assertThat(none.headers().firstValue("x-output-next")).hasValue("0");
        HttpResponse<String> beyond = call("GET", path(begun.id()) + "/stdout?from=9999999", "");
        assertThat(beyond.body()).isEmpty();
        assertThat(beyond.headers().firstValue("x-output-next")).hasValue("2200002");
    }

    @Test
    void aStreamGoesOnAfterTheLastEventThatWasSeen() throws Exception {
        ExecutionInfo begun = begin("echo a; echo b >&2; read x; echo c");
        await(begun.id(), info -> info.stderr().equals("b\n"));
        client.executions().writeStdin(sandbox, begun.id(), "", true);
        await(begun.id(), info -> !info.status().equals("running"));

        HttpResponse<String> whole = call("GET", path(begun.id()) + "/stream", "");
        assertThat(whole.headers().firstValue("content-type").orElse(""))
                .startsWith("text/event-stream");
        assertThat(whole.body())
                .contains("event: stdout\ndata: {\"text\":\"a\\nc\\n\"}")
                .contains("event: stderr\ndata: {\"text\":\"b\\n\"}")
                .contains("id: 4-2\n")
                .contains("event: exit\n");
        HttpResponse<String> rest =
                call("GET", path(begun.id()) + "/stream", "", "Last-Event-ID", "2-2");
        assertThat(rest.body())
                .contains("data: {\"text\":\"c\\n\"}")
                .doesNotContain("event: stderr");
        assertThat(code(call("GET", path(begun.id()) + "/stream", "", "Last-Event-ID", "x")))
                .isEqualTo("invalid_request");
        assertThat(code(call("GET", path(begun.id()) + "?stdout_from=-1", "")))
                .isEqualTo("invalid_request");
    }

    @Test
    void theClientFollowsFromWhereItWas() {
        ExecutionInfo begun = begin("echo a; read x; echo b");
        await(begun.id(), info -> info.stdout().equals("a\n"));
        client.executions().writeStdin(sandbox, begun.id(), "\n", false);
        var heard = new ArrayList<String>();
        ExecutionInfo ended =
                client.executions()
                        .follow(sandbox, begun.id(), 2, 0, (stream, text) -> heard.add(text));
        assertThat(heard).containsExactly("b\n");
        assertThat(ended.exitCode()).contains(0);
        assertThat(ended.stdout()).isEqualTo("b\n");
    }

    @Test
    void signalsAreNamesAndNumbers() throws Exception {
        ExecutionInfo begun =
                begin(
                        "trap 'echo usr' USR1; trap 'exit 3' TERM; echo up; while :; do sleep 0.02; done");
        await(begun.id(), info -> info.stdout().equals("up\n"));
        for (String signal : List.of("\"usr1\"", "\"SIGUSR1\"", "10")) {
            String body = "{\"signal\":" + signal + "}";
            assertThat(call("POST", path(begun.id()) + "/kill", body).statusCode()).isEqualTo(204);
        }
        await(begun.id(), info -> info.stdout().contains("usr"));
        for (String signal : List.of("\"nosuch\"", "0", "65", "\"\"", "1.5")) {
            String body = "{\"signal\":" + signal + "}";
            assertThat(code(call("POST", path(begun.id()) + "/kill", body)))
                    .as(signal)
                    .isEqualTo("invalid_request");
        }
        client.executions().kill(sandbox, begun.id(), Signal.of("TERM"));
        assertThat(await(begun.id(), info -> !info.status().equals("running")).exitCode())
                .contains(3);
        client.executions().kill(sandbox, begun.id(), Signal.KILL);
    }

    @Test
    void commandsAreListedInPages() {
        var ids = new ArrayList<String>();
        for (int i = 0; i < 3; i++) {
            ids.add(0, begin("sleep 30").id());
        }
        List<ExecutionSummary> first =
                client.executions().list(sandbox, 2, Optional.empty()).data();
        assertThat(first).extracting(ExecutionSummary::id).isEqualTo(ids.subList(0, 2));
        assertThat(first.getFirst().status()).isEqualTo("running");
        assertThat(first.getFirst().command()).contains("sleep 30");
        Optional<String> next = client.executions().list(sandbox, 2, Optional.empty()).nextCursor();
        assertThat(client.executions().list(sandbox, 1, next).data())
                .extracting(ExecutionSummary::id)
                .containsExactly(ids.get(2));
        client.executions().killAll(sandbox);
        ids.forEach(id -> await(id, info -> info.status().equals("killed")));
    }

    @Test
    void aRepeatedStartIsTheSameCommand() throws Exception {
        String body = "{\"command\":\"sleep 30\",\"background\":true}";
        String path = "/v1/sandboxes/" + sandbox + "/execute";
        String one = call("POST", path, body, "Idempotency-Key", "bg").body();
        String two = call("POST", path, body, "Idempotency-Key", "bg").body();
        assertThat(Json.lenient().readTree(two).path("id"))
                .isEqualTo(Json.lenient().readTree(one).path("id"));
        client.executions()
                .kill(sandbox, Json.lenient().readTree(one).path("id").asText(), Signal.KILL);
    }

    @Test
    void whatCannotBeIsRefused() throws Exception {
        String execute = "/v1/sandboxes/" + sandbox + "/execute";
        for (String body :
                List.of(
                        "{\"command\":\"x\",\"stdin\":\"a\",\"stdin_open\":true}",
                        "{\"command\":\"x\",\"background\":true,\"timeout_seconds\":1e9}",
                        "{\"command\":\"x\",\"timeout_seconds\":86401}",
                        "{\"command\":\"x\",\"user\":\"\"}",
                        "{\"command\":\"x\",\"user\":\"a b\"}")) {
            assertThat(code(call("POST", execute, body))).as(body).isEqualTo("invalid_request");
        }
        ExecutionInfo plain =
                client.sandboxes()
                        .execute(
                                sandbox,
                                ExecuteRequest.of(Command.line("sleep 30")).inBackground());
        String stdin = path(plain.id()) + "/stdin";
        assertThat(code(call("POST", stdin, "{\"text\":\"a\",\"base64\":\"YQ==\"}")))
                .isEqualTo("invalid_request");
        assertThat(code(call("POST", stdin, "{\"base64\":\"!\"}"))).isEqualTo("invalid_request");
        String large = "a".repeat(65_537);
        assertThat(code(call("POST", stdin, "{\"text\":\"" + large + "\"}")))
                .isEqualTo("invalid_request");
        assertThat(refusal(() -> client.executions().kill(sandbox, "exe_none", Signal.KILL)).code())
                .isEqualTo(ErrorCode.EXECUTION_NOT_FOUND);
        client.executions().kill(sandbox, plain.id(), Signal.KILL);
    }
}
