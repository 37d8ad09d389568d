package dev.carrel.model;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/// Keeps calls away from a provider that does not work. After [#FAILURES_MAX] failed calls within
/// [#WINDOW], none of them answered in between, it is open for [#PAUSE]; then one call may try, and
/// the others wait for what becomes of it, or for another pause. Any thread may call it.
final class CircuitBreaker {
    static final int FAILURES_MAX = 3;
    static final Duration WINDOW = Duration.ofMinutes(5);
    static final Duration PAUSE = Duration.ofSeconds(30);

    private final InstantSource clock;
    private final Object lock = new Object();
    private final Deque<Instant> failures = new ArrayDeque<>(); // guarded by lock
    private Optional<Instant> openUntil = Optional.empty(); // guarded by lock
    private Optional<String> lastFailure = Optional.empty(); // guarded by lock

    CircuitBreaker(InstantSource clock) {
        this.clock = clock;
    }

    /// What a call that wants to begin is told.
    sealed interface Verdict {}

    record Go() implements Verdict {}

    /// The circuit is open, and this call finds out whether it can be closed.
    record Probe() implements Verdict {}

    record Refused(Instant until, String lastFailure) implements Verdict {}

    Verdict begin() {
        synchronized (lock) {
            if (openUntil.isEmpty()) {
                return new Go();
            }
            Instant now = clock.instant();
            if (now.isBefore(openUntil.get())) {
                return new Refused(openUntil.get(), lastFailure.orElse(""));
            }
            openUntil = Optional.of(now.plus(PAUSE));
            return new Probe();
        }
    }

    /// The provider works, be it that it refused this very request.
    void answered() {
        synchronized (lock) {
            failures.clear();
            openUntil = Optional.empty();
            lastFailure = Optional.empty();
        }
    }

    /// The provider works and did not accept the key: that stays to be seen until it does.
    void refusedKey(String why) {
        synchronized (lock) {
            failures.clear();
            openUntil = Optional.empty();
            lastFailure = Optional.of(why);
        }
    }

    /// Returns whether this failure has opened the circuit.
    boolean failed(String why) {
        synchronized (lock) {
            Instant now = clock.instant();
            lastFailure = Optional.of(why);
            failures.addLast(now);
            while (failures.size() > FAILURES_MAX
                    || failures.getFirst().isBefore(now.minus(WINDOW))) {
                failures.removeFirst();
            }
            boolean wasOpen = openUntil.isPresent();
            if (wasOpen || failures.size() == FAILURES_MAX) {
                openUntil = Optional.of(now.plus(PAUSE));
            }
            return !wasOpen && openUntil.isPresent();
        }
    }

    ProviderHealth health(String provider) {
        synchronized (lock) {
            boolean open = openUntil.filter(until -> clock.instant().isBefore(until)).isPresent();
            return new ProviderHealth(
                    provider,
                    open
                            ? ProviderHealth.State.OPEN
                            : lastFailure.isPresent()
                                    ? ProviderHealth.State.FAILING
                                    : ProviderHealth.State.OK,
                    lastFailure,
                    openUntil);
        }
    }
}
