package dev.carrel.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ProviderSettings.Dialect;
import dev.carrel.model.ProviderSettings.Remote;
import dev.carrel.model.ProviderSettings.Scripted;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ModelSettingsTest {
    private static Map<String, ProviderSettings> read(Map<String, String> environment, String yaml)
            throws JsonProcessingException {
        JsonNode node =
                yaml.isEmpty() ? MissingNode.getInstance() : new YAMLMapper().readTree(yaml);
        return ModelSettings.of(environment, node).providers();
    }

    private static Remote remote(Dialect dialect, String url, String key) {
        return new Remote(
                dialect, URI.create(url), Optional.of(new Secret(key)), OptionalInt.empty());
    }

    @Test
    void withoutAnythingThereIsOnlyTheLocalOne() throws Exception {
        assertThat(read(Map.of(), "")).containsOnlyKeys("ollama");
        assertThat(read(Map.of("OPENAI_API_KEY", " "), "{}")).containsOnlyKeys("ollama");
    }

    @Test
    void takesTheUsualVariables() throws Exception {
        var settings =
                read(
                        Map.of(
                                "OPENAI_API_KEY", "k1\n",
                                "OPENAI_BASE_URL", "http://localhost:9/v1",
                                "ANTHROPIC_API_KEY", "k2",
                                "GEMINI_API_KEY", "k3",
                                "XAI_API_KEY", "k4"),
                        "");
        assertThat(settings)
                .containsOnlyKeys("ollama", "openai", "anthropic", "gemini", "xai")
                .containsEntry("openai", remote(Dialect.OPENAI, "http://localhost:9/v1", "k1"))
                .containsEntry(
                        "anthropic", remote(Dialect.ANTHROPIC, "https://api.anthropic.com", "k2"));
    }

    @Test
    void aBaseUrlAloneIsAServerWithoutKeys() throws Exception {
        var settings = read(Map.of("OPENAI_BASE_URL", "http://localhost:9/v1"), "");
        assertThat(((Remote) settings.get("openai")).apiKey()).isEmpty();
    }

    @Test
    void takesEveryKeyOfTheConfiguration() throws Exception {
        var settings =
                read(
                        Map.of(),
                        """
                        local: {kind: openai, base_url: "http://10.0.0.1:8000/v1", api_key: k,
                                max_output_tokens: 4096}
                        claude: {kind: anthropic, api_key: k}
                        google-too: {kind: google, api_key: k}
                        demo: {kind: scripted, script: /srv/demo.yaml}
                        """);
        assertThat(settings)
                .containsEntry(
                        "local",
                        new Remote(
                                Dialect.OPENAI,
                                URI.create("http://10.0.0.1:8000/v1"),
                                Optional.of(new Secret("k")),
                                OptionalInt.of(4096)))
                .containsEntry(
                        "claude", remote(Dialect.ANTHROPIC, "https://api.anthropic.com", "k"))
                .containsEntry("demo", new Scripted(Path.of("/srv/demo.yaml")));
        assertThat(((Remote) settings.get("google-too")).baseUrl().getHost())
                .isEqualTo("generativelanguage.googleapis.com");
    }

    @Test
    void whatTheConfigurationLeavesOutComesFromTheEnvironment() throws Exception {
        var environment = Map.of("OPENAI_API_KEY", "k1");
        var settings =
                read(
                        environment,
                        """
                        openai: {base_url: "http://proxy/v1"}
                        other: {kind: openai, base_url: "http://other/v1"}
                        """);
        assertThat(settings)
                .containsEntry("openai", remote(Dialect.OPENAI, "http://proxy/v1", "k1"));
        assertThat(((Remote) settings.get("other")).apiKey())
                .as("a key is not lent to another provider")
                .isEmpty();
    }

    private static void assertRefused(String yaml, String message) {
        assertThatThrownBy(() -> read(Map.of(), yaml))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_DEFINITION))
                .hasMessageStartingWith(message);
    }

    @Test
    void badValuesAreRefusedByTheNameOfTheirKey() {
        assertRefused("[1]", "providers: must be a map");
        assertRefused("a/b: {kind: openai}", "providers: the name \"a/b\"");
        assertRefused("a: x", "providers.a: must be a map with the keys kind,");
        assertRefused(
                "a: {kind: openai, base_ulr: x}",
                "providers.a.base_ulr: unknown key; did you mean base_url?");
        assertRefused(
                "a: {kind: opnai}",
                "providers.a.kind: \"opnai\" is not a kind of provider;" + " did you mean openai?");
        assertRefused("a: {api_key: x}", "providers.a.kind: \"a\" is not a kind of provider");
        assertRefused("openai: {base_url: 'ftp://x'}", "providers.openai.base_url: ");
        assertRefused("openai: {base_url: 'http://u:p@x'}", "providers.openai.base_url: ");
        assertRefused("openai: {base_url: 'a b'}", "providers.openai.base_url: is malformed");
        assertRefused("openai: {api_key: ''}", "providers.openai.api_key: must be text");
        assertRefused("openai: {api_key: \"a\\nb\"}", "providers.openai.api_key: is malformed");
        assertRefused("openai: {max_output_tokens: 0}", "providers.openai.max_output_tokens: ");
        assertRefused("openai: {script: x}", "providers.openai.script: has a meaning only");
        assertRefused("a: {kind: scripted}", "providers.a.script: is missing");
        assertRefused("a: {kind: scripted, api_key: x}", "providers.a.api_key: has no meaning");
    }

    @Test
    void badVariablesAreRefusedByName() {
        assertThatThrownBy(() -> read(Map.of("OPENAI_BASE_URL", "localhost"), ""))
                .hasMessageStartingWith("OPENAI_BASE_URL: base_url must be");
        assertThatThrownBy(() -> read(Map.of("XAI_API_KEY", "a\u0001b"), ""))
                .hasMessage("XAI_API_KEY: is malformed");
    }

    @Test
    void secretsAreNotShown() throws Exception {
        var secret = new Secret(" sk-1 ");
        assertThat(secret.reveal()).isEqualTo("sk-1");
        assertThat(remote(Dialect.OPENAI, "http://h", "sk-1").toString()).doesNotContain("sk-1");
        assertThat(new YAMLMapper().writeValueAsString(secret)).doesNotContain("sk-1");
    }
}
