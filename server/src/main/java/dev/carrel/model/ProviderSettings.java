package dev.carrel.model;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/// How one provider is reached.
public sealed interface ProviderSettings {
    /// A provider behind HTTP. `baseUrl` is what the provider's own SDKs take, without
    /// `/chat/completions` or `/v1/messages`. Servers on the operator's machine often need no key.
    /// `outputTokensMax` limits each answer; empty leaves it to the provider where it has a
    /// default.
    record Remote(
            Dialect dialect, URI baseUrl, Optional<Secret> apiKey, OptionalInt outputTokensMax)
            implements ProviderSettings {
        public Remote {
            if (!baseUrl.isAbsolute()
                    || !baseUrl.getScheme().matches("(?i)https?")
                    || baseUrl.getHost() == null
                    || baseUrl.getUserInfo() != null
                    || baseUrl.getRawQuery() != null
                    || baseUrl.getRawFragment() != null) {
                throw new CarrelException(
                        ErrorCode.INVALID_DEFINITION,
                        "base_url must be an http or https URL with a host, and without a user,"
                                + " query or fragment");
            }
            if (outputTokensMax.isPresent() && outputTokensMax.getAsInt() < 1) {
                throw new CarrelException(
                        ErrorCode.INVALID_DEFINITION, "max_output_tokens must be at least 1");
            }
        }
    }

    /// A [ScriptedModel] that replays the file `script`.
    record Scripted(Path script) implements ProviderSettings {}

    /// Which API a remote provider speaks.
    enum Dialect {
        OPENAI,
        ANTHROPIC
    }
}
