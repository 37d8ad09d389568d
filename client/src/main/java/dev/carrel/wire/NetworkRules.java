package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a sandbox may reach. `internet` is on when absent. `allow` and `deny` hold IPv4 addresses,
/// ranges such as `203.0.113.0/24`, host names, and `*.example.com` for all below a name; `deny`
/// wins, and an `allow` that is not empty closes everything else. `secrets` are headers by host.
public record NetworkRules(
        Optional<Boolean> internet,
        List<String> allow,
        List<String> deny,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, SecretRule> secrets) {
    public NetworkRules {
        allow = List.copyOf(allow);
        deny = List.copyOf(deny);
        secrets = Map.copyOf(secrets);
    }

    public static NetworkRules ofInternet(boolean on) {
        return new NetworkRules(Optional.of(on), List.of(), List.of(), Map.of());
    }

    /// The internet's public part, as far as these entries name it.
    public static NetworkRules ofAllowed(String... allow) {
        return new NetworkRules(Optional.of(true), List.of(allow), List.of(), Map.of());
    }
}
