package dev.carrel.api;

import java.util.Set;

/// What the API says and accepts beside its services: the server's version, and the names of tools
/// and model providers that agents may use.
public record ApiSettings(String version, Set<String> tools, Set<String> providers) {
    public ApiSettings {
        tools = Set.copyOf(tools);
        providers = Set.copyOf(providers);
    }
}
