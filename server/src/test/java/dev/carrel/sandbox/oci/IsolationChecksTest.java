package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.oci.HostChecks.Check;
import dev.carrel.sandbox.oci.HostChecks.Outcome;
import java.util.List;
import org.junit.jupiter.api.Test;

class IsolationChecksTest {
    @Test
    void eachLevelIsNamedWithWhatItLacksAndWhatToDo() {
        List<Check> checks = IsolationChecks.of(Isolation.CONTAINER, "no-such-shim");

        assertThat(checks)
                .extracting(Check::name)
                .containsExactly("level container", "level gvisor", "level microvm");
        Check microvm = checks.getLast();
        assertThat(microvm.outcome()).isEqualTo(Outcome.INFO);
        assertThat(microvm.found()).containsAnyOf("KVM", "no-such-shim");
        assertThat(microvm.remedy()).contains("gvisor");
    }

    @Test
    void leastLevelThatIsMissingFails() {
        List<Check> checks = IsolationChecks.of(Isolation.MICROVM, "no-such-shim");

        assertThat(checks.getLast().outcome()).isEqualTo(Outcome.FAIL);
        assertThat(checks.getFirst().found()).contains("sandboxes.isolation_min is microvm");
    }
}
