package dev.carrel.preview;

import dev.carrel.sandbox.SandboxId;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// How many connections of previews each sandbox has open.
final class Slots {
    private final int perSandboxMax;
    private final Map<SandboxId, Integer> taken = new ConcurrentHashMap<>();

    Slots(int perSandboxMax) {
        this.perSandboxMax = perSandboxMax;
    }

    /// False when all are taken; otherwise one is to be given back.
    boolean take(SandboxId sandbox) {
        boolean[] got = {false};
        taken.compute(
                sandbox,
                (id, count) -> {
                    int now = count == null ? 0 : count;
                    got[0] = now < perSandboxMax;
                    return got[0] ? Integer.valueOf(now + 1) : count;
                });
        return got[0];
    }

    void giveBack(SandboxId sandbox) {
        taken.computeIfPresent(sandbox, (id, count) -> count == 1 ? null : count - 1);
    }
}
