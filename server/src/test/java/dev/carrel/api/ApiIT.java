package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.client.CarrelClient;
import dev.carrel.client.EventFeed;
import dev.carrel.client.SessionEvent;
import dev.carrel.client.UnreachableException;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.ProjectId;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.ExecutionInfo;
import dev.carrel.wire.FileInfo;
import dev.carrel.wire.Json;
import dev.carrel.wire.KeyInfo;
import dev.carrel.wire.Listing;
import dev.carrel.wire.NetworkRules;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SandboxRequest;
import dev.carrel.wire.SessionInfo;
import dev.carrel.wire.SessionRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ApiIT {
    private static final String SCRIPT =
            """
            conversations:
              - when: "count"
                steps:
                  - text: "I count."
                    calls:
                      - {name: bash, arguments: {command: "echo one; echo two"}}
                  - expect: ["two"]
                    text: "Two lines."
              - when: "wait"
                steps:
                  - calls:
                      - {name: bash, arguments: {command: "echo begun; sleep 30"}}
                  - text: "Done waiting."
            """;

    private ApiServer server;
    private CarrelClient client;
    private String sandbox;

    @BeforeAll
    void start(@TempDir Path home) throws IOException {
        server = new ApiServer(home, SCRIPT);
        client = server.client();
        sandbox = client.sandboxes().create(SandboxRequest.defaults()).id();
    }

    @AfterAll
    void stop() {
        server.close();
    }

    private static CarrelException refusal(
            org.assertj.core.api.ThrowableAssert.ThrowingCallable c) {
        return catchThrowableOfType(CarrelException.class, c);
    }

    private HttpResponse<String> call(String method, String path, String body, String... headers)
            throws IOException, InterruptedException {
        var request =
                HttpRequest.newBuilder(server.uri().resolve(path))
                        .header("Authorization", "Bearer " + server.key)
                        .method(method, BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        }
    }

    private static String code(HttpResponse<String> response) throws IOException {
        return Json.lenient().readTree(response.body()).path("error").path("code").asText();
    }

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

    private JsonNode list(String path) throws Exception {
        return Json.lenient().readTree(call("GET", path, "").body());
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
        assertThat(code(call("POST", path, "{\"command\":\"x\",\"background\":true}")))
                .isEqualTo("not_supported");
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

    @Test
    void aTurnRunsAndItsJournalIsReadInEveryWay() {
        SessionInfo session = client.sessions().create(SessionRequest.of("coder"));
        assertThat(session.state()).isEqualTo("idle");
        String turn = client.sessions().send(session.id(), "count").turn();
        var live = new ArrayList<SessionEvent>();
        try (EventFeed feed = client.sessions().follow(session.id(), 0)) {
            readUntil(feed, live, event -> event.type().equals("turn.completed"));
        }
        List<SessionEvent> stored = client.sessions().events(session.id(), 0, 1000);
        assertThat(live.stream().filter(event -> event.seq().isPresent()))
                .containsExactlyElementsOf(stored);
        assertThat(stored)
                .extracting(SessionEvent::type)
                .containsSubsequence(
                        "session.created",
                        "message.user",
                        "turn.started",
                        "tool.started",
                        "tool.completed",
                        "message.assistant",
                        "turn.completed");
        assertThat(live).extracting(SessionEvent::type).contains("delta");
        assertThat(stored.getLast().json().path("turn").asText()).isEqualTo(turn);
        assertThat(stored.getLast().json().path("stop_reason").asText()).isEqualTo("end");
        SessionInfo after = client.sessions().get(session.id());
        assertThat(after.lastEvent()).isEqualTo(stored.getLast().seq().getAsLong());
        assertThat(after.sandbox()).isPresent();
        assertThat(client.sessions().list(10, Optional.empty()).data())
                .extracting(SessionInfo::id)
                .contains(session.id());
        client.sessions().delete(session.id());
        assertThat(refusal(() -> client.sandboxes().get(after.sandbox().orElseThrow())).code())
                .isEqualTo(ErrorCode.SANDBOX_NOT_FOUND);
    }

    private static void readUntil(
            EventFeed feed, List<SessionEvent> into, Predicate<SessionEvent> end) {
        while (into.isEmpty() || !end.test(into.getLast())) {
            into.add(feed.next());
        }
    }

    @Test
    void aFollowerSurvivesARestartOfTheServerWithoutGapOrRepeat() {
        SessionInfo session = client.sessions().create(SessionRequest.of("coder"));
        var seen = new ArrayList<SessionEvent>();
        try (EventFeed feed = client.sessions().follow(session.id(), 0)) {
            readUntil(feed, seen, event -> event.type().equals("session.created"));
            server.restartHttp();
            client.sessions().send(session.id(), "count");
            readUntil(feed, seen, event -> event.type().equals("turn.completed"));
        }
        assertThat(seen.stream().filter(event -> event.seq().isPresent()))
                .containsExactlyElementsOf(client.sessions().events(session.id(), 0, 1000));
    }

    @Test
    void anInterruptEndsTheTurn() {
        SessionInfo session = client.sessions().create(SessionRequest.of("coder"));
        client.sessions().send(session.id(), "wait");
        var seen = new ArrayList<SessionEvent>();
        try (EventFeed feed = client.sessions().follow(session.id(), 0)) {
            readUntil(feed, seen, event -> event.type().equals("tool.started"));
            client.sessions().interrupt(session.id());
            readUntil(feed, seen, event -> event.type().equals("turn.completed"));
        }
        assertThat(seen.getLast().json().path("stop_reason").asText()).isEqualTo("interrupted");
    }

    @Test
    void anAttachedSandboxIsWorkedInAndStays() {
        String own = client.sandboxes().create(SandboxRequest.defaults()).id();
        SessionInfo session = client.sessions().create(SessionRequest.of("coder").withSandbox(own));
        assertThat(session.sandbox()).contains(own);
        client.sessions().delete(session.id());
        assertThat(client.sandboxes().get(own).id()).isEqualTo(own);
        client.sandboxes().delete(own);
        assertThat(
                        refusal(() ->
                                        client.sessions()
                                                .create(
                                                        SessionRequest.of("coder")
                                                                .withSandbox(own)))
                                .code())
                .isEqualTo(ErrorCode.SANDBOX_NOT_FOUND);
    }

    @Test
    void sessionsThatCannotBeAreRefused() throws Exception {
        assertThat(refusal(() -> client.sessions().create(SessionRequest.of("codr"))).text())
                .contains("coder");
        assertThat(refusal(() -> client.sessions().get("ses_none")).code())
                .isEqualTo(ErrorCode.SESSION_NOT_FOUND);
        String id = client.sessions().create(SessionRequest.of("coder")).id();
        String messages = "/v1/sessions/" + id + "/messages";
        assertThat(code(call("POST", messages, "{\"content\":\"x\",\"mode\":\"steer\"}")))
                .isEqualTo("not_supported");
        assertThat(code(call("POST", messages, "{\"content\":\"x\",\"mode\":\"now\"}")))
                .isEqualTo("invalid_request");
        assertThat(code(call("POST", messages, "{\"content\":\" \"}")))
                .isEqualTo("invalid_request");
        assertThat(code(call("GET", "/v1/sessions/" + id + "/events?after=-1", "")))
                .isEqualTo("invalid_request");
        assertThat(
                        code(
                                call(
                                        "GET",
                                        "/v1/sessions/" + id + "/events",
                                        "",
                                        "Accept",
                                        "text/event-stream",
                                        "Last-Event-ID",
                                        "x")))
                .isEqualTo("invalid_request");
        assertThat(
                        code(
                                call(
                                        "GET",
                                        "/v1/sessions/ses_none/events",
                                        "",
                                        "Accept",
                                        "text/event-stream")))
                .isEqualTo("session_not_found");
    }

    @Test
    void anIdempotencyKeyMakesARepeatedCallHarmless() throws Exception {
        String body = "{\"metadata\":{\"once\":\"yes\"}}";
        HttpResponse<String> first = call("POST", "/v1/sandboxes", body, "Idempotency-Key", "k1");
        HttpResponse<String> again = call("POST", "/v1/sandboxes", body, "Idempotency-Key", "k1");
        assertThat(again.statusCode()).isEqualTo(201);
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(list("/v1/sandboxes?metadata.once=yes").path("data")).hasSize(1);
        HttpResponse<String> other = call("POST", "/v1/sandboxes", "{}", "Idempotency-Key", "k1");
        assertThat(other.statusCode()).isEqualTo(409);
        assertThat(
                        call("POST", "/v1/sandboxes", "{}", "Idempotency-Key", "x".repeat(300))
                                .statusCode())
                .isEqualTo(400);
    }

    @Test
    void aFailureUnderAnIdempotencyKeyMayBeTriedAgain() throws Exception {
        String[] key = {"Idempotency-Key", "k2"};
        assertThat(call("POST", "/v1/sandboxes", "{\"image\":7}", key).statusCode()).isEqualTo(400);
        assertThat(call("POST", "/v1/sandboxes", "{}", key).statusCode()).isEqualTo(201);
    }

    @Test
    void aCommandUnderAnIdempotencyKeyRunsOnce() throws Exception {
        String path = "/v1/sandboxes/" + sandbox + "/execute";
        String body = "{\"command\":\"echo x >> once; cat once\"}";
        for (int i = 0; i < 2; i++) {
            HttpResponse<String> answer = call("POST", path, body, "Idempotency-Key", "k3");
            assertThat(Json.lenient().readTree(answer.body()).path("stdout").asText())
                    .isEqualTo("x\n");
        }
        assertThat(
                        call(
                                        "POST",
                                        path,
                                        body,
                                        "Idempotency-Key",
                                        "k4",
                                        "Accept",
                                        "text/event-stream")
                                .statusCode())
                .isEqualTo(400);
    }

    @Test
    void anotherProjectSeesNothing() {
        server.keys.ensureProject(new ProjectId("other"));
        String secret = server.keys.create(new ProjectId("other"), "k").secret();
        var stranger = new CarrelClient(server.uri(), secret);
        String session = client.sessions().create(SessionRequest.of("coder")).id();
        assertThat(refusal(() -> stranger.sandboxes().get(sandbox)).code())
                .isEqualTo(ErrorCode.SANDBOX_NOT_FOUND);
        assertThat(refusal(() -> stranger.sandboxes().delete(sandbox)).code())
                .isEqualTo(ErrorCode.SANDBOX_NOT_FOUND);
        assertThat(refusal(() -> stranger.sandboxes().stat(sandbox, "/")).code())
                .isEqualTo(ErrorCode.SANDBOX_NOT_FOUND);
        assertThat(refusal(() -> stranger.sessions().events(session, 0, 10)).code())
                .isEqualTo(ErrorCode.SESSION_NOT_FOUND);
        assertThat(refusal(() -> stranger.agent("coder")).code())
                .isEqualTo(ErrorCode.AGENT_NOT_FOUND);
        assertThat(stranger.sandboxes().list().data()).isEmpty();
        assertThat(stranger.status().project()).isEqualTo("other");
    }

    @Test
    void keysAreMadeListedAndRevokedAtOnce() {
        KeyInfo made = client.createKey("second");
        var second = new CarrelClient(server.uri(), made.key().orElseThrow());
        assertThat(second.status().project()).isEqualTo("default");
        assertThat(client.keys().data())
                .filteredOn(key -> key.id().equals(made.id()))
                .singleElement()
                .satisfies(key -> assertThat(key.key()).isEmpty());
        client.revokeKey(made.id());
        assertThat(refusal(second::status).code()).isEqualTo(ErrorCode.UNAUTHORIZED);
    }

    @Test
    void statusMetricsAndHealthAnswer() throws Exception {
        assertThat(client.status().version()).isEqualTo("0.0.0-test");
        assertThat(client.status().agents()).isEqualTo(1);
        assertThat(call("GET", "/readyz", "").body()).isEqualTo("ready\n");
        assertThat(call("GET", "/healthz", "").body()).isEqualTo("ok\n");
        client.sandboxes().execute(sandbox, ExecuteRequest.of(Command.line("true")));
        assertThat(call("GET", "/metrics", "").body())
                .contains("carrel_executions_seconds_count{status=\"completed\"}")
                .contains("carrel_http_requests_seconds_count");
    }

    @Test
    void agentsAndDeploymentsAreListed() {
        assertThat(client.agents()).extracting("name").containsExactly("coder");
        assertThat(client.agent("coder").model()).isEqualTo("scripted/test");
        assertThat(client.deployments()).extracting("version").containsExactly(1);
        assertThat(refusal(() -> client.deploy(new byte[10])).code())
                .isEqualTo(ErrorCode.INVALID_REQUEST);
    }

    @Test
    void noServerIsAFailureOfItsOwn() {
        var nobody = new CarrelClient(URI.create("http://127.0.0.1:1"), "k");
        assertThat(catchThrowableOfType(UnreachableException.class, nobody::status))
                .hasMessageContaining("http://127.0.0.1:1");
    }

    @Test
    void theDescriptionNamesEveryRouteAndNoOther() throws Exception {
        JsonNode document = list("/openapi.json");
        var described = new ArrayList<String>();
        document.path("paths")
                .properties()
                .forEach(path ->
                        path.getValue()
                                .fieldNames()
                                .forEachRemaining(
                                        method -> described.add(method + " " + path.getKey())));
        assertThat(described)
                .containsExactlyInAnyOrderElementsOf(
                        server.routes.stream()
                                .map(route ->
                                        route.method().name().toLowerCase(java.util.Locale.ROOT)
                                                + " "
                                                + route.path().replace("...", ""))
                                .toList());
        assertThat(document.toString()).doesNotContain("java.", "Optional");
        JsonNode schemas = document.path("components").path("schemas");
        assertThat(schemas.path("SandboxRequest").path("properties").has("ttl_seconds")).isTrue();
        assertThat(schemas.path("ExecuteRequest").path("required").toString())
                .isEqualTo("[\"command\"]");
        document.findValues("$ref")
                .forEach(ref ->
                        assertThat(schemas.has(ref.asText().replaceFirst(".*/", "")))
                                .as(ref.asText())
                                .isTrue());
    }

    @Test
    void everyRouteSaysWhatItIsFor() {
        assertThat(server.routes)
                .allSatisfy(route -> {
                    assertThat(route.doc().summary()).isNotBlank();
                    assertThat(route.doc().status()).isBetween(200, 299);
                });
        assertThat(Listing.whole(server.routes).data()).hasSizeGreaterThan(20);
    }
}
