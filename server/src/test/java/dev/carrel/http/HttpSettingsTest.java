package dev.carrel.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class HttpSettingsTest {
    @Test
    void theDefaultsAreThoseOfTheContract() {
        HttpSettings settings =
                HttpSettings.at(HttpSettings.HOST_DEFAULT, HttpSettings.PORT_DEFAULT);
        assertThat(settings.host()).isEqualTo("127.0.0.1");
        assertThat(settings.port()).isEqualTo(7373);
        assertThat(settings.pingEvery()).isEqualTo(Duration.ofSeconds(15));
        assertThat(settings.stallMax()).isEqualTo(Duration.ofSeconds(30));
        assertThat(settings.closeGrace()).isEqualTo(Duration.ofSeconds(5));
        assertThat(settings.connectionsMax()).isEqualTo(10_000);
    }

    @Test
    void badValuesAreRefusedByName() {
        assertThatThrownBy(() -> HttpSettings.at(" ", 1)).hasMessageContaining("server.host");
        assertThatThrownBy(() -> HttpSettings.at("h", -1)).hasMessageContaining("server.port");
        assertThatThrownBy(() -> HttpSettings.at("h", 65_536)).hasMessageContaining("server.port");
        Duration ok = Duration.ofSeconds(1);
        assertThatThrownBy(() -> new HttpSettings("h", 1, 0, ok, ok, ok))
                .hasMessageContaining("connections_max");
        assertThatThrownBy(() -> new HttpSettings("h", 1, 1, Duration.ZERO, ok, ok))
                .hasMessageContaining("ping");
        assertThatThrownBy(() -> new HttpSettings("h", 1, 1, ok, Duration.ZERO, ok))
                .hasMessageContaining("stall");
        assertThatThrownBy(() -> new HttpSettings("h", 1, 1, ok, ok, Duration.ofSeconds(-1)))
                .hasMessageContaining("grace");
    }
}
