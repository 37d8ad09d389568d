package dev.carrel.wire;

import java.time.Instant;
import java.util.Optional;

/// How a model provider's last calls went. `state` is `ok`, `failing` (the last call failed) or
/// `open` (so many failed that none is made before `retry_at`).
public record ProviderInfo(
        String name, String state, Optional<String> lastFailure, Optional<Instant> retryAt) {}
