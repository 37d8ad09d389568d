package dev.carrel.cli;

import java.util.Map;
import java.util.Optional;

/// Which model to use when nobody said: one whose API key is in the environment.
final class DefaultModel {
    static final String ANTHROPIC = "anthropic/claude-sonnet-4-5";
    static final String OPENAI = "openai/gpt-5";

    private DefaultModel() {}

    static String of(Map<String, String> environment) {
        return reachable(environment).orElse(ANTHROPIC);
    }

    /// Empty when no key is set.
    static Optional<String> reachable(Map<String, String> environment) {
        if (isSet(environment, "ANTHROPIC_API_KEY")) {
            return Optional.of(ANTHROPIC);
        }
        return isSet(environment, "OPENAI_API_KEY") ? Optional.of(OPENAI) : Optional.empty();
    }

    private static boolean isSet(Map<String, String> environment, String name) {
        return !environment.getOrDefault(name, "").isBlank();
    }
}
