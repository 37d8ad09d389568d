package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.carrel.sandbox.Resources;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class OciConfigTest {
    @Test
    void rootInsideIsNobodyOutside() throws IOException {
        JsonNode linux = config(Optional.empty()).path("linux");

        for (String map : List.of("uidMappings", "gidMappings")) {
            assertThat(linux.path(map)).hasSize(1);
            assertThat(linux.path(map).path(0).path("hostID").asInt()).isEqualTo(100_000);
        }
        assertThat(linux.path("namespaces").findValuesAsText("type"))
                .containsExactlyInAnyOrder("pid", "ipc", "uts", "mount", "network", "user");
        assertThat(linux.path("namespaces").findValues("path")).isEmpty();
    }

    @Test
    void noCapabilityReachesTheHost() throws IOException {
        JsonNode process = config(Optional.empty()).path("process");

        assertThat(process.path("noNewPrivileges").asBoolean()).isTrue();
        assertThat(process.path("capabilities").path("bounding").toString())
                .doesNotContain("SYS_ADMIN", "SYS_PTRACE", "NET_ADMIN", "NET_RAW", "MKNOD");
        assertThat(process.path("capabilities").path("ambient")).isEmpty();
        assertThat(process.path("capabilities").path("inheritable")).isEmpty();
    }

    @Test
    void limitsAreThoseOfTheSandbox() throws IOException {
        JsonNode limits = config(Optional.empty()).path("linux").path("resources");

        assertThat(limits.path("memory").path("limit").asLong()).isEqualTo(64L << 20);
        assertThat(limits.path("memory").path("swap").asLong()).isEqualTo(64L << 20);
        assertThat(limits.path("pids").path("limit").asInt()).isEqualTo(33);
        assertThat(limits.path("cpu").path("quota").asInt()).isEqualTo(50_000);
    }

    @Test
    void filterRefusesByDefaultAndAllowsNoWayToNewNamespacesOrMounts() throws IOException {
        JsonNode seccomp = config(Optional.empty()).path("linux").path("seccomp");
        List<String> allowed = new ArrayList<>();
        for (JsonNode rule : seccomp.path("syscalls")) {
            if (rule.path("action").asText().equals("SCMP_ACT_ALLOW") && !rule.has("args")) {
                rule.path("names").forEach(name -> allowed.add(name.asText()));
            }
        }

        assertThat(seccomp.path("defaultAction").asText()).isEqualTo("SCMP_ACT_ERRNO");
        assertThat(seccomp.path("architectures")).hasSize(1);
        assertThat(allowed)
                .contains("openat", "execve", "ptrace")
                .doesNotContain(
                        "mount",
                        "unshare",
                        "setns",
                        "clone",
                        "clone3",
                        "socket",
                        "keyctl",
                        "bpf",
                        "io_uring_setup",
                        "userfaultfd",
                        "open_by_handle_at",
                        "kexec_load");
    }

    @Test
    void compiledFilterIsHandedBack() throws IOException {
        assertThat(config(Optional.of("QUJD")).path("annotations").toString()).contains("QUJD");
        assertThat(config(Optional.empty()).has("annotations")).isFalse();
    }

    private static JsonNode config(Optional<String> filter) throws IOException {
        var config =
                new OciConfig(
                        "sbx-1",
                        Path.of("/run/x/root"),
                        Path.of("/run/x/init"),
                        "/carrel-x/sbx_1",
                        new Resources(0.5, 64, 128, 33),
                        true);
        return JsonMapper.builder().build().readTree(config.toJson(filter));
    }
}
