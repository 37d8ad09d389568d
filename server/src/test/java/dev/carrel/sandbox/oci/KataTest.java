package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.carrel.sandbox.Resources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KataTest {
    @TempDir private Path folder;

    @Test
    void pidOneIsToldWhereItsRunDirectoryIs() throws IOException {
        JsonNode config = config();

        assertThat(config.at("/process/args"))
                .extracting(JsonNode::asText)
                .containsExactly("/dev/carrel-init", "/dev/carrel-run");
        assertThat(config.at("/mounts"))
                .filteredOn(mount -> mount.at("/type").asText().equals("bind"))
                .extracting(mount -> mount.at("/source").asText())
                .containsExactly("/run/carrel/init", "/run/carrel/run");
        assertThat(config.at("/root/path").asText()).isEqualTo("/run/carrel/rootfs");
    }

    @Test
    void theMachineTakesOverTheNetworkAndKeepsTheUserNamespace() throws IOException {
        JsonNode linux = config().at("/linux");

        assertThat(linux.at("/namespaces"))
                .filteredOn(namespace -> namespace.has("path"))
                .extracting(namespace -> namespace.at("/path").asText())
                .containsExactly("/proc/7/ns/net");
        assertThat(linux.at("/uidMappings/0/hostID").asInt()).isEqualTo(IdMap.BASE);
        assertThat(linux.has("seccomp"))
                .as("the host's filter is not for another kernel")
                .isFalse();
    }

    @Test
    void limitsOfTheSandboxAreThoseInside() throws IOException {
        JsonNode config = config();

        assertThat(config.at("/linux/resources/memory/limit").asLong()).isEqualTo(128L << 20);
        assertThat(config.at("/process/rlimits"))
                .filteredOn(limit -> limit.at("/type").asText().equals("RLIMIT_NPROC"))
                .extracting(limit -> limit.at("/hard").asInt())
                .containsExactly(41);
    }

    @Test
    void memoryOfAMachineIsReadFromTheFirstConfigurationThatThereIs() throws IOException {
        Path missing = folder.resolve("missing.toml");
        Path first = folder.resolve("first.toml");
        Path second = folder.resolve("second.toml");
        Files.writeString(first, "[hypervisor.qemu]\n# default_memory = 1\ndefault_memory = 512\n");
        Files.writeString(second, "[hypervisor.qemu]\n");

        assertThat(KataInstall.find(List.of(missing, first, second)))
                .contains(new KataInstall(first, 512));
        assertThat(KataInstall.find(List.of(second))).contains(new KataInstall(second, 2048));
        assertThat(KataInstall.find(List.of(missing))).isEmpty();
    }

    private static JsonNode config() throws IOException {
        var base =
                new OciConfig(
                        "sbx",
                        Path.of("/host/root"),
                        Path.of("/host/init"),
                        "/carrel/sbx",
                        new Resources(0.5, 128, 64, 40),
                        true);
        return JsonMapper.builder()
                .build()
                .readTree(new KataConfig(base, "/proc/7/ns/net").toJson());
    }
}
