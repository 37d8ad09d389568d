package dev.carrel.wire;

import java.util.List;
import java.util.Optional;

/// What a sandbox may reach. `internet` is on when absent.
public record NetworkRules(Optional<Boolean> internet, List<String> allow, List<String> deny) {
    public NetworkRules {
        allow = List.copyOf(allow);
        deny = List.copyOf(deny);
    }

    public static NetworkRules ofInternet(boolean on) {
        return new NetworkRules(Optional.of(on), List.of(), List.of());
    }
}
