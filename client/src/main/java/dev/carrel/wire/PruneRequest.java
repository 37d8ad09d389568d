package dev.carrel.wire;

import java.util.Optional;

/// Which unused images go: those that nobody has used for so long, an hour if absent.
public record PruneRequest(Optional<Long> unusedForSeconds) {}
