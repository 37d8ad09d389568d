package dev.carrel.sandbox;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// What a sandbox uses and may use, as its host counts it; absent is what the host does not count,
/// and all but the disk while the sandbox does not run. `listening` are the TCP ports that
/// something inside listens on, in order.
public record SandboxUsage(
        Duration cpu,
        OptionalLong memoryBytes,
        OptionalLong memoryPeakBytes,
        OptionalLong diskBytes,
        OptionalLong processes,
        OptionalLong receivedBytes,
        OptionalLong sentBytes,
        Optional<List<Integer>> listening) {
    /// Of a sandbox of which nothing is counted.
    public static final SandboxUsage NONE =
            new SandboxUsage(
                    Duration.ZERO,
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    Optional.empty());

    public SandboxUsage {
        listening = listening.map(List::copyOf);
    }
}
