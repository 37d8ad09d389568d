package dev.carrel.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PauseTest {
    private final Cancellation cancellation = new Cancellation();

    @Test
    void cancellingEndsAPauseAtOnce() {
        Thread.ofVirtual().start(cancellation::cancel);
        assertThatThrownBy(() -> Pause.REAL.pause(Duration.ofHours(1), cancellation))
                .isInstanceOf(Cancellation.CancelledException.class);
    }

    @Test
    void interruptingEndsAPauseAndIsNotForgotten() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> Pause.REAL.pause(Duration.ofHours(1), cancellation))
                .isInstanceOf(Cancellation.CancelledException.class);
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void endsByItself() {
        long before = System.nanoTime();
        Pause.REAL.pause(Duration.ofMillis(5), cancellation);
        assertThat(Duration.ofNanos(System.nanoTime() - before))
                .isGreaterThan(Duration.ofMillis(4));
    }
}
