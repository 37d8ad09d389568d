package dev.carrel.wire;

import java.util.Optional;

/// What becomes of a sandbox that nobody uses.
public record IdleRules(Optional<Long> pauseAfterSeconds, Optional<Long> stopAfterSeconds) {}
