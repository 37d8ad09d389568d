package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.cli.RealServer;
import dev.carrel.client.CarrelClient;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.IdleRules;
import dev.carrel.wire.Json;
import dev.carrel.wire.NetworkRules;
import dev.carrel.wire.ResourceLimits;
import dev.carrel.wire.SandboxChange;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SandboxRequest;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/// Lives of sandboxes, as callers of a real server see them.
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SandboxLifecycleIT {
    private RealServer server;
    private CarrelClient client;

    @BeforeAll
    void start() throws IOException {
        server =
                RealServer.start(
                        """
                        idle: {stop_after_seconds: 7200}
                        pool: {size: 2}
                        """);
        client = server.client();
    }

    @AfterAll
    void stop() throws IOException {
        server.close();
    }

    @Test
    void aSandboxIsPausedAndResumedByItsNextUse() {
        String id = make(SandboxRequest.defaults());
        assertThat(client.sandboxes().pause(id).state()).isEqualTo("paused");
        assertThat(client.sandboxes().pause(id).state()).isEqualTo("paused");
        assertThat(client.sandboxes().get(id).state()).isEqualTo("paused");

        assertThat(output(id, "echo up")).isEqualTo("up\n");
        assertThat(client.sandboxes().get(id).state()).isEqualTo("running");

        client.sandboxes().pause(id);
        client.sandboxes().writeFile(id, "/workspace/f", "x".getBytes(StandardCharsets.UTF_8));
        assertThat(client.sandboxes().get(id).state()).isEqualTo("running");
        client.sandboxes().pause(id);
        assertThat(client.sandboxes().resume(id).state()).isEqualTo("running");
        client.sandboxes().pause(id);
        client.sandboxes().delete(id);
    }

    @Test
    void aSandboxThatNobodyUsesIsPausedThenStoppedAndSaysWhy() throws Exception {
        String id = make(SandboxRequest.builder().idle(IdleRules.of(1, 3)).build());
        output(id, "echo kept > file; sleep 300 > /dev/null 2>&1 &");
        Eventually.holds(() -> client.sandboxes().get(id).state().equals("paused"));
        Eventually.holds(() -> client.sandboxes().get(id).state().equals("stopped"));
        assertThat(client.sandboxes().get(id).reason()).contains("idle");

        assertThat(output(id, "cat file")).isEqualTo("kept\n");
        assertThat(client.sandboxes().get(id).reason()).isEmpty();
        client.sandboxes().delete(id);
    }

    @Test
    void aCommandKeepsItsSandboxAwake() {
        String id = make(SandboxRequest.builder().idle(IdleRules.of(1, 2)).build());
        assertThat(output(id, "sleep 4; echo slept")).isEqualTo("slept\n");
        client.sandboxes().delete(id);
    }

    @Test
    void theDefaultIdleRulesAreShown() {
        SandboxInfo info = client.sandboxes().get(make(SandboxRequest.defaults()));
        assertThat(info.idle()).isEqualTo(IdleRules.of(900, 7200));
    }

    @Test
    void aSandboxIsChangedWhileItRuns() throws Exception {
        String id = make(SandboxRequest.builder().metadata(Map.of("a", "1")).build());
        SandboxInfo changed =
                client.sandboxes()
                        .change(
                                id,
                                SandboxChange.NONE
                                        .withName("new")
                                        .withEnv(Map.of("E", "f"))
                                        .withTtlSeconds(60)
                                        .withIdle(new IdleRules(Optional.of(0L), Optional.empty()))
                                        .withResources(
                                                new ResourceLimits(
                                                        Optional.of(1.0),
                                                        Optional.of(256),
                                                        Optional.of(64))));
        assertThat(changed.name()).contains("new");
        assertThat(changed.metadata()).containsEntry("a", "1");
        assertThat(changed.idle()).isEqualTo(IdleRules.of(0, 7200));
        assertThat(changed.expiresAt()).isPresent();
        assertThat(changed.resources().memoryMb()).contains(256);
        assertThat(output(id, "echo $E")).isEqualTo("f\n");
        assertThat(output(id, "head -c 400000000 /dev/zero | tail >/dev/null; echo $?"))
                .as("memory")
                .isNotEqualTo("0\n");
        assertThat(output(id, "head -c 90000000 /dev/urandom > big 2>&1; echo $?"))
                .as("disk")
                .isNotEqualTo("0\n");

        String link = "grep -c eth0 /proc/net/dev";
        assertThat(output(id, link)).isEqualTo("1\n");
        client.sandboxes()
                .change(id, SandboxChange.NONE.withNetwork(NetworkRules.ofInternet(false)));
        assertThat(output(id, link)).isEqualTo("0\n");
        assertThat(client.sandboxes().clear(id, "network").network().internet()).contains(true);
        assertThat(output(id, link)).isEqualTo("1\n");

        SandboxInfo cleared = client.sandboxes().clear(id, "ttl_seconds", "idle", "env");
        assertThat(cleared.expiresAt()).isEmpty();
        assertThat(cleared.idle()).isEqualTo(IdleRules.of(900, 7200));
        assertThat(cleared.env()).isEmpty();
        assertThat(code(patch(id, "{\"imag\":\"x\"}"))).isEqualTo("unknown_field");
        assertThat(code(patch(id, "{\"ttl_seconds\":0}"))).isEqualTo("invalid_request");
        client.sandboxes().delete(id);
    }

    @Test
    void aSandboxThatIsGoneSaysWhenAndWhy() throws Exception {
        String expired = make(SandboxRequest.builder().ttlSeconds(1).build());
        String deleted = make(SandboxRequest.defaults());
        client.sandboxes().delete(deleted);
        assertThat(refusal(() -> client.sandboxes().get(deleted)).getMessage())
                .contains(deleted, "is gone since", "deleted by key key_");
        Eventually.holds(() -> deleted().findValuesAsText("id").contains(expired));
        assertThat(refusal(() -> client.sandboxes().pause(expired)).code())
                .isEqualTo(ErrorCode.SANDBOX_NOT_FOUND);
        assertThat(refusal(() -> client.sandboxes().pause(expired)).getMessage())
                .contains("expired");
        for (JsonNode gone : deleted()) {
            assertThat(gone.path("state").asText()).isEqualTo("deleted");
            assertThat(gone.path("deleted_at").isNull()).isFalse();
        }
    }

    @Test
    void aWarmSandboxIsWhatWasAskedFor() throws Exception {
        Eventually.holds(() -> warm().size() == 2);
        Set<String> ready = warm();
        SandboxInfo made =
                client.sandboxes()
                        .create(
                                SandboxRequest.builder()
                                        .env(Map.of("A", "b"))
                                        .network(NetworkRules.ofInternet(false))
                                        .resources(
                                                new ResourceLimits(
                                                        Optional.of(1.0),
                                                        Optional.of(128),
                                                        Optional.of(64)))
                                        .build());
        assertThat(ready).contains(made.id());
        assertThat(output(made.id(), "echo $A; ls -A; grep -c eth0 /proc/net/dev"))
                .isEqualTo("b\n0\n");
        assertThat(output(made.id(), "head -c 300000000 /dev/zero | tail >/dev/null; echo $?"))
                .as("memory")
                .isNotEqualTo("0\n");
        assertThat(output(made.id(), "head -c 90000000 /dev/urandom > big 2>&1; echo $?"))
                .as("disk")
                .isNotEqualTo("0\n");
        String open = make(SandboxRequest.defaults());
        assertThat(output(open, "grep -c eth0 /proc/net/dev; hostname"))
                .startsWith("1\n")
                .contains(open.substring(0, 6).replace('_', '-'));
        Eventually.holds(() -> warm().size() == 2);
        client.sandboxes().delete(made.id());
        client.sandboxes().delete(open);
    }

    /// On the host, but nobody's.
    private Set<String> warm() throws IOException {
        try (Stream<Path> folders = Files.list(server.home().resolve("sandboxes"))) {
            Set<String> ids =
                    folders.filter(folder -> Files.exists(folder.resolve("bundle/ready")))
                            .map(folder -> folder.getFileName().toString())
                            .collect(Collectors.toSet());
            client.sandboxes().list().data().forEach(known -> ids.remove(known.id()));
            return ids;
        }
    }

    private String make(SandboxRequest request) {
        return client.sandboxes().create(request).id();
    }

    private JsonNode deleted() throws Exception {
        return json(request("/v1/sandboxes?state=deleted").GET()).path("data");
    }

    private JsonNode patch(String id, String body) throws Exception {
        return json(request("/v1/sandboxes/" + id).method("PATCH", BodyPublishers.ofString(body)));
    }

    private static String code(JsonNode error) {
        return error.path("error").path("code").asText();
    }

    private HttpRequest.Builder request(String path) throws IOException {
        return HttpRequest.newBuilder(server.uri().resolve(path))
                .header("Authorization", "Bearer " + server.key());
    }

    private static JsonNode json(HttpRequest.Builder request) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            HttpResponse<String> answer =
                    http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return Json.lenient().readTree(answer.body());
        }
    }

    private static CarrelException refusal(ThrowingCallable call) {
        return catchThrowableOfType(CarrelException.class, call);
    }

    private String output(String id, String line) {
        return client.sandboxes().execute(id, ExecuteRequest.of(Command.line(line))).stdout();
    }
}
