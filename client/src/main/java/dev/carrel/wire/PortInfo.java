package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;
import java.util.Optional;

/// A port of a sandbox that is shown as a preview at `url`. `token` opens a private one, in the
/// header `X-Carrel-Preview-Token` or once in the address as `?carrel_token=…`; it is shown only
/// when the port is registered.
public record PortInfo(
        int port,
        Optional<String> label,
        @JsonProperty("public") boolean isPublic,
        String url,
        Instant createdAt,
        @JsonInclude(JsonInclude.Include.NON_ABSENT) Optional<String> token) {
    /// The address that a browser can be sent to: with the token, where there is one.
    public String openingUrl() {
        return url + token.map(text -> "?carrel_token=" + text).orElse("");
    }
}
