package dev.carrel.wire;

import java.util.Optional;

/// What a sandbox may use; what is absent is the server's default.
public record ResourceLimits(
        Optional<Double> cpus, Optional<Integer> memoryMb, Optional<Integer> diskMb) {
    public static final ResourceLimits DEFAULT =
            new ResourceLimits(Optional.empty(), Optional.empty(), Optional.empty());
}
