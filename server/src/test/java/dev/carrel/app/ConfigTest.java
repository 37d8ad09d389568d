package dev.carrel.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigTest {
    @TempDir Path directory;

    @Test
    void aMissingFileGivesTheDefaults() {
        Config config = Config.load(directory.resolve("carrel.yaml"), Map.of());
        assertThat(config.number("server.port", 7373, 0, 65_535)).isEqualTo(7373);
        assertThat(config.text("server.host", "127.0.0.1")).isEqualTo("127.0.0.1");
        assertThat(config.providers().isNull()).isTrue();
        config.refuseUnknown();
    }

    @Test
    void theFileIsReadAndTheEnvironmentWins() throws IOException {
        Config config =
                load(
                        "server: {port: 9000, host: 0.0.0.0}\nproviders: {a: {kind: openai}}",
                        Map.of("CARREL_SERVER_PORT", "9001"));
        assertThat(config.number("server.port", 7373, 0, 65_535)).isEqualTo(9001);
        assertThat(config.text("server.host", "127.0.0.1")).isEqualTo("0.0.0.0");
        assertThat(config.providers().at("/a/kind").asText()).isEqualTo("openai");
        config.refuseUnknown();
    }

    @Test
    void anUnknownKeyIsRefusedNamingTheNearest() throws IOException {
        Config config = load("server: {prot: 9000}", Map.of());
        config.number("server.port", 7373, 0, 65_535);
        assertThatThrownBy(config::refuseUnknown)
                .isInstanceOf(CarrelException.class)
                .hasMessage(
                        "unknown key \"server.prot\" in carrel.yaml; did you mean"
                                + " \"server.port\"?");
    }

    @Test
    void badValuesAreRefusedNamingTheKey() throws IOException {
        Config config = load("server: {port: many, host: [1]}", Map.of());
        assertThatThrownBy(() -> config.number("server.port", 7373, 0, 65_535))
                .hasMessage("server.port must be a whole number from 0 to 65535, not \"many\"");
        assertThatThrownBy(() -> config.text("server.host", ""))
                .hasMessage("server.host in carrel.yaml must be a single value");
        assertThatThrownBy(() -> load("just text", Map.of()))
                .hasMessage("carrel.yaml must hold keys and values");
        assertThatThrownBy(() -> load("a: [", Map.of())).hasMessageContaining("not valid YAML");
    }

    private Config load(String yaml, Map<String, String> environment) throws IOException {
        return Config.load(Files.writeString(directory.resolve("carrel.yaml"), yaml), environment);
    }
}
