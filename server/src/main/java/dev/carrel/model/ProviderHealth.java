package dev.carrel.model;

import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/// How a provider's last calls went. `lastFailure` is what went wrong since it last answered;
/// `retryAt` is when it is asked again, where it is being left alone.
public record ProviderHealth(
        String provider, State state, Optional<String> lastFailure, Optional<Instant> retryAt) {
    public enum State {
        OK,
        /// The last call failed; the next one is made.
        FAILING,
        /// So many calls failed that none is made for a while.
        OPEN;

        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
