package dev.carrel.wire;

import java.util.List;
import java.util.Optional;

/// What a sandbox uses now; absent is what its host does not count, or what a sandbox that does not
/// run has none of. `listening` are the TCP ports that something inside listens on.
public record SandboxMetrics(
        String state,
        Cpu cpu,
        Memory memory,
        Disk disk,
        Processes processes,
        Network network,
        Optional<List<Integer>> listening) {
    public SandboxMetrics {
        listening = listening.map(List::copyOf);
    }

    /// `seconds` since it was started; `share` in processors, over the last tenth of a second.
    public record Cpu(double seconds, double share, double limit) {}

    public record Memory(Optional<Long> usedBytes, Optional<Long> peakBytes, long limitBytes) {}

    /// What counts against the limit, up to some seconds ago.
    public record Disk(Optional<Long> usedBytes, long limitBytes) {}

    public record Processes(Optional<Long> count, long max) {}

    /// Since it was started.
    public record Network(Optional<Long> receivedBytes, Optional<Long> sentBytes) {}
}
