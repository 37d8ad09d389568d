package dev.carrel.model;

import java.net.URI;
import java.util.Optional;

/// Where a provider is, by what name Carrel knows it, and what it wants to see.
record ProviderAccess(String name, URI baseUrl, Optional<Secret> apiKey) {
    /// `text` without the API key, should the provider have quoted it.
    String masked(String text) {
        return apiKey.map(key -> text.replace(key.reveal(), key.toString())).orElse(text);
    }

    /// What an operator does about a refused key.
    String keyRemedy() {
        String setting = "providers." + name + ".api_key";
        return WellKnownProvider.named(name)
                .map(known -> "check " + known.keyVariable() + " or " + setting)
                .orElse("check " + setting);
    }

    /// `path` starts with a slash and is appended to the base URL, whether that ends in one or not.
    URI endpoint(String path) {
        String base = baseUrl.toString();
        return URI.create(
                (base.endsWith("/") ? base.substring(0, base.length() - 1) : base) + path);
    }
}
