package dev.carrel.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.wire.ExecutionInfo;
import org.junit.jupiter.api.Test;

/// What one tenant leaves behind must not be there for the next.
class LeftoversIT extends AttackStage {
    @Test
    void aNewSandboxHoldsNothingOfADeletedOne() {
        String first = create();
        ExecutionInfo filled = attackIn(first, "leftovers.py", "leave");
        assertThat(filled.stdout()).as(filled.stderr()).isEqualTo("left\n");
        client.sandboxes().delete(first);
        String second = create();
        assertRepelled(attackIn(second, "leftovers.py", "look"));
        client.sandboxes().delete(second);
    }

    @Test
    void whatASandboxHeldIsNotInItsNeighboursReach() {
        attack("leftovers.py", "leave");
        assertRepelled(attackIn(neighbour, "leftovers.py", "look"));
    }
}
