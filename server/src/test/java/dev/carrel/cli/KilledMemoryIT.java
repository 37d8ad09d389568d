package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.client.CarrelClient;
import dev.carrel.client.SandboxCalls;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.IdleRules;
import dev.carrel.wire.ResourceLimits;
import dev.carrel.wire.SandboxChange;
import dev.carrel.wire.SandboxRequest;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// A real server is killed while it saves the memory of a sandbox: what ran in there goes on, once,
/// from where it was.
class KilledMemoryIT extends DyingServers {
    /// Begins once, says so, and counts.
    private static final String COUNTER =
            "echo begun >> begun; i=0; while :; do i=$((i+1)); echo $i > n; sleep 0.05; done";

    private long counted;

    @Test
    void processesGoOnWhereTheyWere() throws Exception {
        try {
            dieAndLook(
                    List.of(
                            new Case("save_row", this::pause, this::neverStopped),
                            new Case("save_host", this::pause, this::goesOn),
                            new Case("save_host", this::idle, this::goesOn)));
        } catch (CarrelException e) {
            Assumptions.assumeFalse(e.code() == ErrorCode.NOT_SUPPORTED, e.getMessage());
            throw e;
        }
    }

    @Override
    SandboxRequest request() {
        var small = new ResourceLimits(Optional.of(1.0), Optional.of(256), Optional.of(256));
        return SandboxRequest.builder().isolation("gvisor").resources(small).build();
    }

    private void pause(CarrelClient client, String id) {
        count(client.sandboxes(), id);
        client.sandboxes().pauseToDisk(id);
    }

    private void idle(CarrelClient client, String id) {
        count(client.sandboxes(), id);
        client.sandboxes().change(id, SandboxChange.NONE.withIdle(IdleRules.of(0, 1)));
    }

    private void count(SandboxCalls sandboxes, String id) {
        sandboxes.execute(id, ExecuteRequest.of(Command.line(COUNTER)).inBackground());
        eventuallyAbove(0, sandboxes, id);
        counted = counter(sandboxes, id);
    }

    private static void eventuallyAbove(long least, SandboxCalls sandboxes, String id) {
        try {
            Eventually.holds(() -> counter(sandboxes, id) > least);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static long counter(SandboxCalls sandboxes, String id) {
        String text = output(sandboxes, id, "cat n").strip();
        return text.isEmpty() ? 0 : Long.parseLong(text);
    }

    private void neverStopped(CarrelClient client, String id) {
        assertThat(client.sandboxes().get(id).state()).isEqualTo("running");
        counts(client.sandboxes(), id);
    }

    private void goesOn(CarrelClient client, String id) {
        assertThat(client.sandboxes().get(id).state()).isIn("paused", "stopped");
        counts(client.sandboxes(), id);
    }

    private void counts(SandboxCalls sandboxes, String id) {
        long now = counter(sandboxes, id);
        assertThat(now).isGreaterThanOrEqualTo(counted);
        eventuallyAbove(now, sandboxes, id);
        assertThat(output(sandboxes, id, "cat begun")).isEqualTo("begun\n");
        isStillWhole(sandboxes, id);
    }
}
