package dev.carrel.model;

import dev.carrel.model.ProviderSettings.Dialect;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// A provider whose address everybody knows, so that a key is all it takes. `needsKey` is false for
/// what runs on the operator's own machine and is there without being configured.
record WellKnownProvider(String name, Dialect dialect, URI baseUrl, boolean needsKey) {
    static final List<WellKnownProvider> ALL =
            List.of(
                    remote("anthropic", Dialect.ANTHROPIC, "https://api.anthropic.com"),
                    remote("openai", Dialect.OPENAI, "https://api.openai.com/v1"),
                    remote(
                            "gemini",
                            Dialect.OPENAI,
                            "https://generativelanguage.googleapis.com/v1beta/openai"),
                    remote("xai", Dialect.OPENAI, "https://api.x.ai/v1"),
                    remote("openrouter", Dialect.OPENAI, "https://openrouter.ai/api/v1"),
                    remote("groq", Dialect.OPENAI, "https://api.groq.com/openai/v1"),
                    remote("mistral", Dialect.OPENAI, "https://api.mistral.ai/v1"),
                    remote("deepseek", Dialect.OPENAI, "https://api.deepseek.com/v1"),
                    new WellKnownProvider(
                            "ollama",
                            Dialect.OPENAI,
                            URI.create("http://127.0.0.1:11434/v1"),
                            false));

    private static WellKnownProvider remote(String name, Dialect dialect, String baseUrl) {
        return new WellKnownProvider(name, dialect, URI.create(baseUrl), true);
    }

    static Optional<WellKnownProvider> named(String name) {
        return ALL.stream().filter(known -> known.name.equals(name)).findFirst();
    }

    String keyVariable() {
        return name.toUpperCase(Locale.ROOT) + "_API_KEY";
    }

    String baseUrlVariable() {
        return name.toUpperCase(Locale.ROOT) + "_BASE_URL";
    }
}
