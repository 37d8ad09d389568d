package dev.carrel.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.worker.WorkerSettings.Sharing;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class WorkerSettingsTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    @Test
    void defaultsAreTheLimitsThatTheDocumentsName() {
        assertThat(WorkerSettings.DEFAULT)
                .isEqualTo(
                        new WorkerSettings(
                                64,
                                Duration.ofSeconds(30),
                                Duration.ofSeconds(10),
                                Duration.ofSeconds(5),
                                3,
                                Sharing.ALONE));
    }

    @Test
    void leaseThatOneLateHeartbeatWouldLoseIsRefused() {
        assertThatThrownBy(() -> settings(1, Duration.ofMillis(1999), SECOND))
                .hasMessageContaining("two heartbeats");
    }

    @Test
    void limitsBelowOneAreRefused() {
        assertThatThrownBy(() -> settings(0, SECOND, SECOND)).hasMessageContaining("turns at once");
        assertThatThrownBy(() -> settings(1, SECOND, Duration.ZERO))
                .hasMessageContaining("heartbeat");
        assertThatThrownBy(() ->
                        new WorkerSettings(1, SECOND, SECOND, Duration.ZERO, 1, Sharing.ALONE))
                .hasMessageContaining("poll");
        assertThatThrownBy(() ->
                        new WorkerSettings(
                                1, SECOND.multipliedBy(2), SECOND, SECOND, 0, Sharing.ALONE))
                .hasMessageContaining("failures");
    }

    private static WorkerSettings settings(int turns, Duration lease, Duration heartbeat) {
        return new WorkerSettings(turns, lease, heartbeat, SECOND, 1, Sharing.ALONE);
    }
}
