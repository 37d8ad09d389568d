package dev.carrel.preview;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.sandbox.SandboxId;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PreviewSettingsTest {
    private static final SandboxId SANDBOX = new SandboxId("sbx_abc");

    private static PreviewSettings of(Optional<String> domain, Optional<String> url) {
        return PreviewSettings.of(domain, url, 10, 20, 30);
    }

    private static String address(PreviewSettings settings) {
        return new PreviewOrigins(settings, () -> 7373).main().url(SANDBOX, 3000);
    }

    @Test
    void previewsAreLocalByDefault() {
        assertThat(address(PreviewSettings.DEFAULT))
                .isEqualTo("http://3000-sbx-abc.localhost:7373/");
        assertThat(PreviewSettings.DEFAULT.firstByteMax()).isEqualTo(Duration.ofSeconds(60));
        assertThat(PreviewSettings.DEFAULT.idleMax()).isEqualTo(Duration.ofHours(1));
    }

    @Test
    void everyKeyIsMapped() {
        PreviewSettings settings =
                of(Optional.of("p.example"), Optional.of("https://p.example:8443"));
        assertThat(settings.firstByteMax()).isEqualTo(Duration.ofSeconds(10));
        assertThat(settings.idleMax()).isEqualTo(Duration.ofSeconds(20));
        assertThat(settings.connectionsMax()).isEqualTo(30);
        assertThat(address(settings)).isEqualTo("https://3000-sbx-abc.p.example:8443/");
        assertThat(address(of(Optional.empty(), Optional.of("https://p.example/"))))
                .isEqualTo("https://3000-sbx-abc.p.example/");
        assertThat(address(of(Optional.of("p.example"), Optional.empty())))
                .isEqualTo("http://3000-sbx-abc.p.example:7373/");
    }

    @Test
    void badValuesAreRefused() {
        for (String domain :
                List.of("", "P.example", "p..example", "*.example", "10.0.0.1", "a b")) {
            assertThatThrownBy(() -> of(Optional.of(domain), Optional.empty()))
                    .as(domain)
                    .isInstanceOf(CarrelException.class)
                    .hasMessageContaining("preview.domain");
        }
        for (String url :
                List.of(
                        "p.example",
                        "ftp://p.example",
                        "https://u@p.example",
                        "https://p.example/x",
                        "https://")) {
            assertThatThrownBy(() -> of(Optional.empty(), Optional.of(url)))
                    .as(url)
                    .isInstanceOf(CarrelException.class)
                    .hasMessageContaining("preview.url");
        }
        assertThatThrownBy(() -> of(Optional.of("a.example"), Optional.of("https://b.example")))
                .hasMessageContaining("the same domain");
    }

    @Test
    void hostsAreReadBack() {
        var origins =
                new PreviewOrigins(of(Optional.of("p.example"), Optional.empty()), () -> 7373);
        for (String host : List.of("3000-sbx-abc.localhost", "3000-sbx_abc.p.example")) {
            assertThat(origins.parse(host))
                    .hasValueSatisfying(found -> {
                        assertThat(found.sandbox()).isEqualTo(SANDBOX);
                        assertThat(found.port()).isEqualTo(3000);
                    });
        }
        for (String strange :
                List.of(
                        "0-sbx-a.localhost",
                        "03-sbx-a.localhost",
                        "65536-sbx-a.localhost",
                        "1-sbx-a.b.localhost")) {
            assertThat(origins.owns(strange)).as(strange).isTrue();
            assertThat(origins.parse(strange)).as(strange).isEmpty();
        }
        for (String other :
                List.of("localhost", "p.example", "3000-sbx-abc.example", "x.localhost")) {
            assertThat(origins.owns(other)).as(other).isFalse();
        }
    }
}
