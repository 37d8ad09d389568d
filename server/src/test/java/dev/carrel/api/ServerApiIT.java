package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.client.CarrelClient;
import dev.carrel.client.UnreachableException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.HttpMethod;
import dev.carrel.store.ProjectId;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.Json;
import dev.carrel.wire.KeyInfo;
import dev.carrel.wire.Listing;
import dev.carrel.wire.SessionRequest;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ServerApiIT extends ApiStage {
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
    void everyPostOfTheNativeApiTakesAnIdempotencyKey() {
        assertThat(server.routes)
                .filteredOn(route -> route.method() == HttpMethod.POST)
                .filteredOn(route -> !route.path().equals("/v1/chat/completions"))
                .hasSizeGreaterThan(15)
                .allSatisfy(route ->
                        assertThat(route.doc().parameters())
                                .extracting("name")
                                .contains("Idempotency-Key"));
    }

    @Test
    void aSecretIsAnsweredAgainAndStoredNowhereReadable() throws Exception {
        String[] key = {"Idempotency-Key", "k5"};
        HttpResponse<String> first = call("POST", "/v1/keys", "{\"name\":\"one\"}", key);
        HttpResponse<String> again = call("POST", "/v1/keys", "{\"name\":\"one\"}", key);
        String secret = Json.lenient().readTree(first.body()).path("key").asText();
        assertThat(secret).startsWith("crl_");
        assertThat(again.body()).isEqualTo(first.body());
        try (Stream<Path> files = Files.list(home)) {
            assertThat(files.filter(file -> file.getFileName().toString().contains(".db")))
                    .isNotEmpty()
                    .allSatisfy(file ->
                            assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
                                    .doesNotContain(secret));
        }
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
