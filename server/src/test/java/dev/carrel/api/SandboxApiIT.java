package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.ExecutionInfo;
import dev.carrel.wire.FileInfo;
import dev.carrel.wire.NetworkRules;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SandboxRequest;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SandboxApiIT extends ApiStage {
    @Test
    void aSandboxIsMadeListedReadAndDeleted() {
        SandboxRequest request =
                SandboxRequest.builder()
                        .name("mine")
                        .user("u1")
                        .metadata(Map.of("team", "a"))
                        .env(Map.of("GREETING", "hi"))
                        .network(NetworkRules.ofInternet(false))
                        .ttlSeconds(600)
                        .build();
        SandboxInfo made = client.sandboxes().create(request);
        assertThat(made.id()).startsWith("sbx_");
        assertThat(made.state()).isEqualTo("running");
        assertThat(made.network().internet()).contains(false);
        assertThat(made.expiresAt()).contains(made.createdAt().plusSeconds(600));
        assertThat(client.sandboxes().get(made.id()).name()).contains("mine");
        assertThat(client.sandboxes().list().data())
                .extracting(SandboxInfo::id)
                .contains(made.id());
        client.sandboxes().delete(made.id());
        assertThat(refusal(() -> client.sandboxes().get(made.id())).code())
                .isEqualTo(ErrorCode.SANDBOX_NOT_FOUND);
    }

    @Test
    void listsAreFilteredAndPaged() throws Exception {
        var ids = new ArrayList<String>();
        for (int i = 0; i < 3; i++) {
            SandboxRequest request =
                    SandboxRequest.builder().metadata(Map.of("page", "x")).user("p" + i).build();
            ids.add(client.sandboxes().create(request).id());
        }
        JsonNode first = list("/v1/sandboxes?metadata.page=x&limit=2&state=running");
        assertThat(first.path("data")).hasSize(2);
        JsonNode rest =
                list(
                        "/v1/sandboxes?metadata.page=x&limit=2&cursor="
                                + first.path("next_cursor").asText());
        assertThat(rest.path("data")).hasSize(1);
        assertThat(rest.path("next_cursor").isNull()).isTrue();
        assertThat(list("/v1/sandboxes?user=p1").path("data")).hasSize(1);
        assertThat(code(call("GET", "/v1/sandboxes?state=asleep", "")))
                .isEqualTo("invalid_request");
        assertThat(code(call("GET", "/v1/sandboxes?limit=0", ""))).isEqualTo("invalid_request");
        assertThat(code(call("GET", "/v1/sandboxes?cursor=%00", ""))).isEqualTo("invalid_request");
        ids.forEach(client.sandboxes()::delete);
    }

    @Test
    void aCommandsAnswerSaysAllOfIt() {
        ExecutionInfo info =
                client.sandboxes()
                        .execute(
                                sandbox,
                                ExecuteRequest.of(
                                                Command.line("cat; echo $A; echo bad >&2; exit 3"))
                                        .withEnv(Map.of("A", "b"))
                                        .withStdin("in\n"));
        assertThat(info.status()).isEqualTo("completed");
        assertThat(info.exitCode()).contains(3);
        assertThat(info.stdout()).isEqualTo("in\nb\n");
        assertThat(info.stderr()).isEqualTo("bad\n");
        assertThat(client.sandboxes().execution(sandbox, info.id())).isEqualTo(info);
        ExecutionInfo argv =
                client.sandboxes()
                        .execute(
                                sandbox,
                                ExecuteRequest.of(Command.of(List.of("echo", "a  b", "$A"))));
        assertThat(argv.stdout()).isEqualTo("a  b $A\n");
    }

    @Test
    void aTimedOutCommandIsAnAnswer() {
        ExecuteRequest request =
                ExecuteRequest.of(Command.line("echo begun; sleep 20")).withTimeoutSeconds(0.3);
        ExecutionInfo info = client.sandboxes().execute(sandbox, request);
        assertThat(info.status()).isEqualTo("timed_out");
        assertThat(info.stdout()).isEqualTo("begun\n");
    }

    @Test
    void outputIsStreamedWhileTheCommandRuns() {
        var chunks = new ArrayList<String>();
        ExecuteRequest request = ExecuteRequest.of(Command.line("echo ü; sleep 0.2; echo two >&2"));
        ExecutionInfo info =
                client.sandboxes()
                        .execute(
                                sandbox,
                                request,
                                (stream, text) -> chunks.add(stream + ":" + text));
        assertThat(chunks).containsExactly("stdout:ü\n", "stderr:two\n");
        assertThat(info.exitCode()).contains(0);
        assertThat(info.stdout()).isEqualTo("ü\n");
    }

    @Test
    void commandsThatCannotBeAreRefused() throws Exception {
        String path = "/v1/sandboxes/" + sandbox + "/execute";
        assertThat(code(call("POST", path, "{\"command\":\"x\",\"cache\":true}")))
                .isEqualTo("not_supported");
        assertThat(code(call("POST", path, "{}"))).isEqualTo("invalid_request");
        assertThat(code(call("POST", path, "{\"command\":[]}"))).isEqualTo("invalid_request");
        for (String seconds : List.of("0", "-1", "1e300", "100000")) {
            String body = "{\"command\":\"x\",\"timeout_seconds\":" + seconds + "}";
            assertThat(code(call("POST", path, body))).as(seconds).isEqualTo("invalid_request");
        }
        String stdin = "{\"command\":\"x\",\"stdin\":\"" + "a".repeat(2 << 20) + "\"}";
        assertThat(code(call("POST", path, stdin))).isEqualTo("invalid_request");
        assertThat(code(call("POST", "/v1/sandboxes/nonsense/execute", "{\"command\":\"x\"}")))
                .isEqualTo("sandbox_not_found");
        assertThat(code(call("GET", "/v1/sandboxes/" + sandbox + "/executions/exe_none", "")))
                .isEqualTo("execution_not_found");
    }

    @Test
    void filesAreWrittenReadListedAndDeleted() throws Exception {
        byte[] content = "grüße\n".getBytes(StandardCharsets.UTF_8);
        FileInfo written =
                client.sandboxes().writeFile(sandbox, "/workspace/a dir/ü#?.txt", content);
        assertThat(written.sizeBytes()).isEqualTo(content.length);
        assertThat(written.mode()).isEqualTo("0644");
        try (InputStream in = client.sandboxes().readFile(sandbox, "/workspace/a dir/ü#?.txt")) {
            assertThat(in.readAllBytes()).isEqualTo(content);
        }
        assertThat(client.sandboxes().stat(sandbox, "/workspace/a dir").type())
                .isEqualTo("directory");
        assertThat(client.sandboxes().listFiles(sandbox, "/workspace/a dir", false).data())
                .extracting(FileInfo::path)
                .containsExactly("/workspace/a dir/ü#?.txt");
        client.sandboxes().deleteFile(sandbox, "/workspace/a dir");
        assertThat(refusal(() -> client.sandboxes().stat(sandbox, "/workspace/a dir")).code())
                .isEqualTo(ErrorCode.FILE_NOT_FOUND);
    }

    @Test
    void aLargeFileIsStreamedBothWays() throws Exception {
        int size = 20 << 20;
        byte[] content = new byte[size];
        new java.util.Random(1).nextBytes(content);
        client.sandboxes()
                .writeFile(sandbox, "/workspace/large", new ByteArrayInputStream(content));
        try (InputStream in = client.sandboxes().readFile(sandbox, "/workspace/large")) {
            assertThat(in.readAllBytes()).isEqualTo(content);
        }
        client.sandboxes().deleteFile(sandbox, "/workspace/large");
    }

    @Test
    void directoriesArePaged() throws Exception {
        for (int i = 0; i < 5; i++) {
            client.sandboxes().writeFile(sandbox, "/workspace/pages/f" + i, new byte[0]);
        }
        String path = "/v1/sandboxes/" + sandbox + "/files/workspace/pages?list=true&limit=3";
        JsonNode first = list(path);
        assertThat(first.path("data")).hasSize(3);
        JsonNode rest = list(path + "&cursor=" + first.path("next_cursor").asText());
        assertThat(rest.path("data")).hasSize(2);
        assertThat(rest.path("data").path(0).path("path").asText()).endsWith("/f3");
        assertThat(rest.path("next_cursor").isNull()).isTrue();
    }

    @Test
    void pathsAreForTheSandboxToJudge() throws Exception {
        String files = "/v1/sandboxes/" + sandbox + "/files/";
        assertThat(code(call("GET", files + "workspace/a%00b", ""))).isEqualTo("invalid_path");
        HttpResponse<String> climb =
                call("GET", files + "..%2f..%2f..%2f..%2fworkspace/nothing-here", "");
        assertThat(code(climb)).isIn("file_not_found", "invalid_path");
    }
}
