package dev.carrel.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SessionSettingsTest {
    @Test
    void defaultsAreTheLimitsThatTheDocumentsName() {
        assertThat(SessionSettings.DEFAULT)
                .isEqualTo(new SessionSettings(10_000, 16, 1_048_576, 2_048));
    }

    @Test
    void limitsBelowOneAreRefusedByName() {
        assertThatThrownBy(() -> new SessionSettings(0, 1, 1, 1))
                .hasMessageContaining("sessions per project");
        assertThatThrownBy(() -> new SessionSettings(1, 0, 1, 1))
                .hasMessageContaining("queued turns per session");
        assertThatThrownBy(() -> new SessionSettings(1, 1, 0, 1))
                .hasMessageContaining("message bytes");
        assertThatThrownBy(() -> new SessionSettings(1, 1, 1, -1))
                .hasMessageContaining("subscribers per session");
    }
}
