package dev.carrel.model;

import java.time.InstantSource;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;

/// Time and chance as a provider's model uses them; `random` gives values from 0 to 1.
record Timing(InstantSource clock, Pause pause, DoubleSupplier random) {
    static final Timing REAL =
            new Timing(
                    InstantSource.system(),
                    Pause.REAL,
                    () -> ThreadLocalRandom.current().nextDouble());
}
