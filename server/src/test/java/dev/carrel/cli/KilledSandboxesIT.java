package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carrel.client.CarrelClient;
import dev.carrel.error.CarrelException;
import dev.carrel.wire.IdleRules;
import dev.carrel.wire.ResourceLimits;
import dev.carrel.wire.SandboxChange;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SandboxRequest;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// A real server is killed after each step of a sandbox's life; the next one finishes what it
/// began.
class KilledSandboxesIT extends DyingServers {
    @Test
    void nextServerFinishesWhateverTheLastOneBegan() throws Exception {
        dieAndLook(
                List.of(
                        new Case("create_row", KilledSandboxesIT::create, this::isAlone),
                        new Case("create_host", KilledSandboxesIT::create, this::isAlone),
                        new Case("create_ready", KilledSandboxesIT::create, this::isThereToo),
                        new Case("change_row", KilledSandboxesIT::shrink, this::isSmall),
                        new Case("change_host", KilledSandboxesIT::shrink, this::isSmall),
                        new Case("pause_host", KilledSandboxesIT::pause, this::isPaused),
                        new Case("stop_row", KilledSandboxesIT::idle, this::works),
                        new Case("stop_host", KilledSandboxesIT::idle, this::isStopped),
                        new Case("delete_row", KilledSandboxesIT::delete, this::isGone),
                        new Case("delete_host", KilledSandboxesIT::delete, this::isGone)));
    }

    private static void create(CarrelClient client, String id) {
        client.sandboxes().create(SandboxRequest.builder().name("made").build());
    }

    private static void shrink(CarrelClient client, String id) {
        var small = new ResourceLimits(Optional.empty(), Optional.of(64), Optional.empty());
        client.sandboxes().change(id, SandboxChange.NONE.withResources(small));
    }

    private static void pause(CarrelClient client, String id) {
        client.sandboxes().pause(id);
    }

    private static void idle(CarrelClient client, String id) {
        client.sandboxes().change(id, SandboxChange.NONE.withIdle(IdleRules.of(0, 1)));
    }

    private static void delete(CarrelClient client, String id) {
        client.sandboxes().delete(id);
    }

    private void isAlone(CarrelClient client, String id) {
        assertThat(client.sandboxes().list().data()).extracting("id").containsExactly(id);
        works(client, id);
    }

    private void isThereToo(CarrelClient client, String id) {
        SandboxInfo made = client.sandboxes().list().data().getFirst();
        assertThat(made.name()).contains("made");
        assertThat(output(client.sandboxes(), made.id(), "echo up")).isEqualTo("up\n");
    }

    private void isSmall(CarrelClient client, String id) {
        assertThat(client.sandboxes().get(id).resources().memoryMb()).contains(64);
        works(client, id);
        String hungry = "head -c 200000000 /dev/zero | tail > /dev/null; echo $?";
        assertThat(output(client.sandboxes(), id, hungry)).isNotEqualTo("0\n");
    }

    private void isPaused(CarrelClient client, String id) {
        assertThat(client.sandboxes().get(id).state()).isEqualTo("paused");
        works(client, id);
    }

    private void isStopped(CarrelClient client, String id) {
        assertThat(client.sandboxes().get(id).state()).isEqualTo("stopped");
        assertThat(client.sandboxes().get(id).reason()).contains("idle");
        works(client, id);
    }

    private void isGone(CarrelClient client, String id) {
        CarrelException refusal =
                catchThrowableOfType(CarrelException.class, () -> client.sandboxes().get(id));
        assertThat(refusal).hasMessageContaining("deleted by key");
    }

    private void works(CarrelClient client, String id) {
        isStillWhole(client.sandboxes(), id);
    }
}
