package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.carrel.sandbox.Resources;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class GvisorConfigTest {
    @Test
    void pidOneIsToldWhereItsRunDirectoryIsAndHowManyProcessesThereMayBe() throws IOException {
        JsonNode config = config();
        assertThat(config.at("/process/args"))
                .extracting(JsonNode::asText)
                .containsExactly("/dev/carrel-init", "/dev/carrel-run", "40", "/dev/carrel-door");
        assertThat(config.at("/mounts"))
                .filteredOn(mount -> mount.at("/destination").asText().equals("/dev/carrel-run"))
                .extracting(mount -> mount.at("/source").asText())
                .containsExactly("/host/run");
        assertThat(config.at("/mounts"))
                .filteredOn(mount -> mount.at("/destination").asText().equals("/dev/carrel-init"))
                .extracting(mount -> mount.at("/source").asText())
                .containsExactly("/host/readable");
    }

    @Test
    void gvisorHasRoomOfItsOwnBesideTheSandboxs() throws IOException {
        JsonNode limits = config().at("/linux/resources");
        assertThat(limits.at("/memory/limit").asLong()).isEqualTo((128L + 64) << 20);
        assertThat(limits.at("/memory/swap").asLong()).isEqualTo((128L + 64) << 20);
        assertThat(limits.at("/pids/limit").asInt()).isEqualTo(1024 + 8 * 40);
        assertThat(limits.at("/cpu/quota").asInt()).isEqualTo(50_000);
    }

    @Test
    void theUserNamespaceStays() throws IOException {
        JsonNode linux = config().at("/linux");
        assertThat(linux.at("/uidMappings/0/hostID").asInt()).isEqualTo(IdMap.BASE);
        assertThat(linux.at("/namespaces"))
                .extracting(n -> n.at("/type").asText())
                .contains("user");
        assertThat(linux.has("seccomp")).as("the host's filter is not for gVisor").isFalse();
    }

    private static JsonNode config() throws IOException {
        var base =
                new OciConfig(
                        "name",
                        Path.of("/host/root"),
                        Path.of("/host/init"),
                        "/group",
                        new Resources(0.5, 128, 64, 40),
                        true);
        var gvisor =
                new GvisorConfig(
                        base,
                        Path.of("/host/readable"),
                        Path.of("/host/run"),
                        Path.of("/host/door"));
        return JsonMapper.builder().build().readTree(gvisor.toJson());
    }
}
