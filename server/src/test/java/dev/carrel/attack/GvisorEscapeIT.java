package dev.carrel.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.wire.ExecutionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The same attacks inside gVisor, whose own kernel may well grant there what a container is
/// refused: what counts is that the host and the neighbour notice nothing.
class GvisorEscapeIT extends AttackStage {
    @Override
    String isolation() {
        return "gvisor";
    }

    @ParameterizedTest
    @ValueSource(strings = {"settings", "groups", "mounts", "devices", "processes", "descriptors"})
    void whatTheInnerKernelGrantsEndsThere(String step) {
        ExecutionInfo result = attack("walls.py", step);
        assertThat(result.status()).as(result.stderr()).isEqualTo("completed");
        assertThat(result.stdout()).containsAnyOf("breached\n", "repelled\n");
    }

    @Test
    void systemCallsReachNoKernelButTheInnerOne() {
        ExecutionInfo result = attack("syscalls.py");
        assertThat(result.status()).as(result.stderr()).isIn("completed", "killed");
        assertThat(run(sandbox, "dmesg 2>/dev/null | head -1; uname -r").stdout())
                .doesNotContain(System.getProperty("os.version"));
    }

    @Test
    void aNewSandboxHoldsNothingOfADeletedOne() {
        String first = create();
        assertThat(attackIn(first, "leftovers.py", "leave").stdout()).isEqualTo("left\n");
        client.sandboxes().delete(first);
        String second = create();
        assertRepelled(attackIn(second, "leftovers.py", "look"));
        client.sandboxes().delete(second);
    }
}
