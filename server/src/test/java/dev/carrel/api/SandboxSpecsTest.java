package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.IdleRules;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.wire.Json;
import dev.carrel.wire.SandboxRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SandboxSpecsTest {
    private static SandboxSpec spec(String json) {
        try {
            return SandboxSpecs.spec(
                    Json.strict().readValue(json, SandboxRequest.class),
                    Isolation.CONTAINER,
                    IdleRules.DEFAULT);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void everyIsolationLevelMayBeAskedFor() {
        assertThat(spec("{\"isolation\":\"gvisor\"}").isolation()).isEqualTo(Isolation.GVISOR);
        assertThat(spec("{\"isolation\":\"microvm\"}").isolation()).isEqualTo(Isolation.MICROVM);
    }

    @Test
    void idleRulesThatAreLeftOutAreTheServers() {
        assertThat(spec("{\"idle\":{\"pause_after_seconds\":5}}").idle().orElseThrow().stopAfter())
                .isEqualTo(IdleRules.DEFAULT.stopAfter());
    }

    @Test
    void nothingSaidIsTheDefault() {
        assertThat(spec("{}")).isEqualTo(SandboxSpec.defaults());
    }

    @Test
    void everyFieldThatIsBuiltArrives() {
        SandboxSpec spec =
                spec(
                        """
                        {"name":"n","image":"i","isolation":"container","user":"u",
                         "resources":{"cpus":0.5,"memory_mb":64,"disk_mb":128},
                         "network":{"internet":false,"allow":[],"deny":[]},
                         "env":{"A":"B"},"metadata":{"k":"v"},"ttl_seconds":60,
                         "idle":{"pause_after_seconds":5,"stop_after_seconds":0}}
                        """);
        assertThat(spec.idle())
                .contains(new IdleRules(Optional.of(Duration.ofSeconds(5)), Optional.empty()));
        assertThat(spec.name()).contains("n");
        assertThat(spec.image()).isEqualTo("i");
        assertThat(spec.user()).contains("u");
        assertThat(spec.resources().cpus()).isEqualTo(0.5);
        assertThat(spec.resources().memoryMib()).isEqualTo(64);
        assertThat(spec.resources().diskMib()).isEqualTo(128);
        assertThat(spec.network().internet()).isFalse();
        assertThat(spec.env()).containsEntry("A", "B");
        assertThat(spec.metadata()).containsEntry("k", "v");
        assertThat(spec.ttl()).contains(Duration.ofSeconds(60));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    {"idle":{"pause_after_seconds":-1}} | INVALID_REQUEST | idle.pause_after_seconds
                    {"idle":{"stop_after_seconds":31536001}} | INVALID_REQUEST | idle.stop_after_seconds
                    {"snapshot":"snp_1","image":"coding"} | INVALID_REQUEST | image
                    {"snapshot":"nonsense"} | SNAPSHOT_NOT_FOUND | snapshot
                    {"network":{"allow":["x .org"]}} | INVALID_REQUEST | network.allow
                    {"network":{"deny":["::1"]}} | INVALID_REQUEST | network.deny
                    {"network":{"secrets":{"1.2.3.4":{"header":"A","value":"b"}}}} | INVALID_REQUEST | network.secrets
                    {"isolation":"contaner"} | INVALID_REQUEST | isolation
                    {"ttl_seconds":0} | INVALID_REQUEST | ttl_seconds
                    """)
    void whatIsNotBuiltOrWrongIsRefusedByName(String json, ErrorCode code, String param) {
        CarrelException e = catchThrowableOfType(CarrelException.class, () -> spec(json));
        assertThat(e.code()).isEqualTo(code);
        assertThat(e.param()).contains(param);
        assertThat(e.text()).contains(param);
    }

    @Test
    void whatResourcesRefuseIsTheCallersMistake() {
        CarrelException e =
                catchThrowableOfType(
                        CarrelException.class, () -> spec("{\"resources\":{\"memory_mb\":1}}"));
        assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(e.text()).contains("memory_mb");
    }
}
