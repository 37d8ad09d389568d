package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;

/// Waits for what a real kernel or process brings about soon.
public final class Eventually {
    private static final long SECONDS_MAX = 20;

    private Eventually() {}

    /// Something that holds at once or soon.
    public interface Condition {
        boolean holds() throws Exception;
    }

    public static void holds(Condition condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS_MAX);
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }
}
