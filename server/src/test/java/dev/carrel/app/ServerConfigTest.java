package dev.carrel.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.image.Images;
import dev.carrel.sandbox.IdleRules;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.SandboxSettings.AtClose;
import dev.carrel.sandbox.Subnet;
import dev.carrel.sandbox.WarmSettings;
import dev.carrel.sandbox.oci.NetworkSettings;
import dev.carrel.telemetry.LogLevel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServerConfigTest {
    @TempDir Path home;

    @Test
    void withoutAFileEverythingHasItsDefault() {
        ServerConfig config = load(Map.of());
        assertThat(config.http().host()).isEqualTo("127.0.0.1");
        assertThat(config.http().port()).isEqualTo(7373);
        assertThat(config.images()).isEqualTo(Images.DIRECTORY_DEFAULT);
        assertThat(config.logLevel()).isEqualTo(LogLevel.INFO);
        assertThat(config.sandboxes().totalMax()).isEqualTo(500);
        assertThat(config.sandboxes().perProjectMax()).isEqualTo(100);
        assertThat(config.sandboxes().isolationMin()).isEqualTo(Isolation.CONTAINER);
        assertThat(config.sandboxes().atClose()).isEqualTo(AtClose.KEEP);
        assertThat(config.network()).isEqualTo(NetworkSettings.DEFAULT);
        assertThat(config.poolMib()).isEmpty();
        assertThat(config.sandboxes().idle()).isEqualTo(IdleRules.DEFAULT);
        assertThat(config.sandboxes().warm()).isEqualTo(WarmSettings.DEFAULT);
        assertThat(config.keyFile()).isEqualTo(home.resolve("api-key"));
    }

    @Test
    void everyKeyOfTheFileCounts() throws IOException {
        Files.writeString(
                home.resolve("carrel.yaml"),
                """
                server: {host: 0.0.0.0, port: 80}
                images: {dir: /srv/images}
                log: {level: debug}
                network: {subnet: 10.9.0.0/20, private_allow: [10.1.0.0/16, 192.168.7.1],
                          name_servers: "10.1.1.1:5353,9.9.9.9"}
                disk: {pool_mb: 4096}
                sandboxes: {max: 20, per_project_max: 10, isolation_min: gvisor}
                idle: {pause_after_seconds: 60, stop_after_seconds: 0}
                pool: {size: 5, memory_mb: 40}
                providers: {local: {kind: openai}}
                """);
        ServerConfig config = load(Map.of());
        assertThat(config.sandboxes().idle())
                .isEqualTo(new IdleRules(Optional.of(Duration.ofMinutes(1)), Optional.empty()));
        assertThat(config.sandboxes().warm()).isEqualTo(new WarmSettings(5, 40));
        assertThat(config.http().host()).isEqualTo("0.0.0.0");
        assertThat(config.http().port()).isEqualTo(80);
        assertThat(config.images()).isEqualTo(Path.of("/srv/images"));
        assertThat(config.logLevel()).isEqualTo(LogLevel.DEBUG);
        assertThat(config.network().subnet()).contains("10.9.0.0/20");
        assertThat(config.network().closed().privateAllow())
                .extracting(Subnet::toString)
                .containsExactly("10.1.0.0/16", "192.168.7.1/32");
        assertThat(config.network().nameServers())
                .containsExactly(
                        new InetSocketAddress("10.1.1.1", 5353),
                        new InetSocketAddress("9.9.9.9", 53));
        assertThat(config.poolMib()).hasValue(4096);
        assertThat(config.sandboxes().totalMax()).isEqualTo(20);
        assertThat(config.sandboxes().perProjectMax()).isEqualTo(10);
        assertThat(config.sandboxes().isolationMin()).isEqualTo(Isolation.GVISOR);
        assertThat(config.models().providers()).containsKey("local");
    }

    @Test
    void theCommandLineWinsOverTheEnvironment() {
        ServerConfig config =
                ServerConfig.load(
                        home,
                        Optional.empty(),
                        Optional.of(0),
                        true,
                        Map.of("CARREL_SERVER_PORT", "81", "CARREL_SERVER_HOST", "::1"));
        assertThat(config.http().port()).isZero();
        assertThat(config.http().host()).isEqualTo("::1");
        assertThat(config.sandboxes().atClose()).isEqualTo(AtClose.DESTROY);
        assertThat(config.sandboxes().warm().size()).isZero();
    }

    @Test
    void badValuesAreRefused() {
        assertThatThrownBy(() -> load(Map.of("CARREL_LOG_LEVEL", "inof")))
                .hasMessageContaining("log.level")
                .hasMessageContaining("did you mean info?");
        assertThatThrownBy(() -> load(Map.of("CARREL_SANDBOXES_MAX", "0")))
                .hasMessageContaining("sandboxes.max");
    }

    private ServerConfig load(Map<String, String> environment) {
        return ServerConfig.load(home, Optional.empty(), Optional.empty(), false, environment);
    }
}
