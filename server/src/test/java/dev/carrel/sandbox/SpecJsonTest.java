package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.carrel.store.Vault;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpecJsonTest {
    private static final SandboxSpec FULL =
            SandboxSpec.defaults().toBuilder()
                    .name(Optional.of("build box"))
                    .resources(new Resources(1.5, 512, 1024, 128))
                    .network(NetworkPolicy.OFF)
                    .env(Map.of("A", "1", "LANG", "C.UTF-8"))
                    .metadata(Map.of("team", "blue"))
                    .user(Optional.of("user-1"))
                    .ttl(Optional.of(Duration.ofHours(1)))
                    .owner(Optional.of("ses_1"))
                    .build();

    @Test
    void storedSpecsOfTheFirstVersionLoad() throws IOException {
        String golden = resource("/golden/sandbox-spec-1.json").strip();

        assertThat(SpecJson.read(golden)).isEqualTo(FULL);
        assertThat(SpecJson.writeWithoutSecrets(FULL)).isEqualTo(golden);
    }

    @Test
    void optionalPartsMayBeAbsent() {
        SandboxSpec spec = SandboxSpec.defaults();

        assertThat(SpecJson.read(SpecJson.writeWithoutSecrets(spec))).isEqualTo(spec);
    }

    @Test
    void idleRulesComeBackAsTheyWere() {
        for (IdleRules idle :
                List.of(
                        IdleRules.DEFAULT,
                        new IdleRules(Optional.empty(), Optional.empty()),
                        new IdleRules(Optional.of(Duration.ofSeconds(7)), Optional.empty()))) {
            SandboxSpec spec = SandboxSpec.defaults().withIdle(idle);
            assertThat(SpecJson.read(SpecJson.writeWithoutSecrets(spec))).isEqualTo(spec);
        }
    }

    @Test
    void fieldsOfLaterVersionsAreLeftAlone() {
        SandboxSpec spec = SpecJson.read("{\"image\":\"other\",\"gpu\":{\"count\":1}}");

        assertThat(spec.image()).isEqualTo("other");
        assertThat(spec.resources()).isEqualTo(Resources.DEFAULT);
    }

    @Test
    void networkIsClosedUnlessItSaysOpen() {
        assertThat(SpecJson.read("{}").network()).isEqualTo(NetworkPolicy.OFF);
    }

    private static String resource(String name) throws IOException {
        try (InputStream input = SpecJsonTest.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(input).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void secretsAreSealedAndGoWithTheSandbox(@TempDir Path home) {
        var secret = new EdgeSecret(new HostName("api.example"), "Authorization", "s3cret", false);
        var policy =
                new NetworkPolicy(
                        true,
                        List.of(NetworkTarget.parse("*.example"), NetworkTarget.parse("9.9.9.9")),
                        List.of(NetworkTarget.parse("bad.example")),
                        List.of(secret));
        var vault = new Vault(home.resolve("vault"));

        String stored = NetworkJson.write(policy, Optional.of(vault)).toString();

        assertThat(stored).contains("api.example").doesNotContain("s3cret");
        assertThat(read(stored, Optional.of(vault))).isEqualTo(policy);
        // Another key: the rules hold, the secret is lost.
        assertThat(read(stored, Optional.of(new Vault(home.resolve("other")))).secrets()).isEmpty();
        assertThat(NetworkJson.write(policy, Optional.empty()).toString())
                .doesNotContain("api.example");
    }

    private static NetworkPolicy read(String text, Optional<Vault> vault) {
        try {
            return NetworkJson.read(new ObjectMapper().readTree(text), vault);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
