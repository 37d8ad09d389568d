package dev.carrel.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.ErrorCode;
import dev.carrel.wire.ForkRequest;
import dev.carrel.wire.Json;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SandboxRequest;
import dev.carrel.wire.SnapshotInfo;
import dev.carrel.wire.SnapshotRequest;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SnapshotApiIT extends ApiStage {
    @Test
    void aSnapshotIsTakenListedUsedAndDeleted() throws Exception {
        write(sandbox, "then");
        SnapshotInfo taken =
                client.snapshots()
                        .take(sandbox, new SnapshotRequest(Optional.of("mine"), Map.of("k", "v")));
        write(sandbox, "now");

        assertThat(taken.id()).startsWith("snp_");
        assertThat(taken.sandbox()).isEqualTo(sandbox);
        assertThat(taken.name()).contains("mine");
        assertThat(taken.image()).isEqualTo("coding");
        assertThat(taken.sizeMb()).isEqualTo(1);
        assertThat(client.snapshots().get(taken.id())).isEqualTo(taken);
        assertThat(client.snapshots().list(Optional.of(sandbox), 10, Optional.empty()).data())
                .contains(taken);
        SandboxRequest from = SandboxRequest.builder().snapshot(taken.id()).build();
        SandboxInfo made = client.sandboxes().create(from);
        assertThat(made.snapshot()).contains(taken.id());
        assertThat(read(made.id())).isEqualTo("then");
        SandboxInfo restored = client.snapshots().restore(sandbox, taken.id());
        assertThat(restored.id()).isEqualTo(sandbox);
        assertThat(read(sandbox)).isEqualTo("then");
        client.snapshots().delete(taken.id());
        assertThat(refusal(() -> client.snapshots().get(taken.id())).code())
                .isEqualTo(ErrorCode.SNAPSHOT_NOT_FOUND);
        assertThat(refusal(() -> client.sandboxes().create(from)).code())
                .isEqualTo(ErrorCode.SNAPSHOT_NOT_FOUND);
        client.sandboxes().delete(made.id());
    }

    @Test
    void forksAreMadeOnceForAKey() throws Exception {
        write(sandbox, "base");
        String path = "/v1/sandboxes/" + sandbox + "/fork";
        String body = "{\"count\":2,\"name\":\"f\"}";
        var first = call("POST", path, body, "Idempotency-Key", "fork-1");
        var again = call("POST", path, body, "Idempotency-Key", "fork-1");

        assertThat(first.statusCode()).isEqualTo(201);
        assertThat(again.body()).isEqualTo(first.body());
        var forks = Json.lenient().readTree(first.body()).path("data");
        assertThat(forks).hasSize(2);
        for (var fork : forks) {
            assertThat(fork.path("state").asText()).isEqualTo("running");
            assertThat(fork.path("name").asText()).isEqualTo("f");
            assertThat(read(fork.path("id").asText())).isEqualTo("base");
            client.sandboxes().delete(fork.path("id").asText());
        }
        List<SandboxInfo> one =
                client.snapshots()
                        .fork(
                                sandbox,
                                new ForkRequest(Optional.empty(), Optional.empty(), Map.of()));
        assertThat(one).hasSize(1);
        client.sandboxes().delete(one.getFirst().id());
    }

    @Test
    void whatIsWrongIsRefusedByName() throws Exception {
        String box = "/v1/sandboxes/" + sandbox;
        assertThat(code(call("POST", box + "/fork", "{\"count\":0}"))).isEqualTo("invalid_request");
        assertThat(code(call("POST", box + "/fork", "{\"counts\":1}"))).isEqualTo("unknown_field");
        assertThat(code(call("POST", box + "/restore", "{}"))).isEqualTo("invalid_request");
        assertThat(code(call("POST", box + "/restore", "{\"snapshot\":\"x\"}")))
                .isEqualTo("snapshot_not_found");
        assertThat(code(call("POST", "/v1/sandboxes/sbx_x/snapshots", "")))
                .isEqualTo("sandbox_not_found");
        assertThat(code(call("GET", "/v1/snapshots/snp_x", ""))).isEqualTo("snapshot_not_found");
        assertThat(code(call("DELETE", "/v1/snapshots/..", ""))).isEqualTo("snapshot_not_found");
        assertThat(call("POST", box + "/snapshots", "").statusCode()).isEqualTo(201);
    }

    private void write(String id, String text) {
        client.sandboxes().writeFile(id, "/workspace/file", text.getBytes(UTF_8));
    }

    private String read(String id) throws IOException {
        try (var content = client.sandboxes().readFile(id, "/workspace/file")) {
            return new String(content.readAllBytes(), UTF_8);
        }
    }
}
