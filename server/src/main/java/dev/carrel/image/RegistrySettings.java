package dev.carrel.image;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.error.Nearest;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What the operator says of registries, by their host and port as image names have it: who pulls
/// where the caller says nothing, and which are spoken to without TLS.
public record RegistrySettings(Map<String, Credentials> credentials, Set<String> plainHttp) {
    public static final RegistrySettings NONE = new RegistrySettings(Map.of(), Set.of());

    private static final List<String> KEYS = List.of("username", "password", "plain_http");

    public RegistrySettings {
        credentials = Map.copyOf(credentials);
        plainHttp = Set.copyOf(plainHttp);
    }

    /// Reads `registries: {HOST: {username: …, password: …, plain_http: true}}`. Fails with
    /// `INVALID_DEFINITION`.
    public static RegistrySettings of(JsonNode registries) {
        Map<String, Credentials> credentials = new HashMap<>();
        Set<String> plain = new HashSet<>();
        for (Map.Entry<String, JsonNode> registry : registries.properties()) {
            String host = registry.getKey();
            JsonNode said = registry.getValue();
            check(host, said);
            String username = said.path("username").asText("");
            String password = said.path("password").asText("");
            if (username.isEmpty() != password.isEmpty()) {
                throw invalid(host, "has only one of username and password");
            }
            if (!username.isEmpty()) {
                credentials.put(host, new Credentials(username, password));
            }
            if (said.path("plain_http").asBoolean(false)) {
                plain.add(host);
            }
        }
        return new RegistrySettings(credentials, plain);
    }

    private static void check(String host, JsonNode said) {
        if (!said.isObject()) {
            throw invalid(host, "must hold keys and values");
        }
        for (Map.Entry<String, JsonNode> entry : said.properties()) {
            if (!KEYS.contains(entry.getKey())) {
                String hint =
                        Nearest.to(entry.getKey(), KEYS)
                                .map(near -> "; did you mean \"" + near + "\"?")
                                .orElse("");
                throw invalid(host, "has an unknown key \"" + entry.getKey() + "\"" + hint);
            }
        }
    }

    Optional<Credentials> credentials(Reference reference) {
        return Optional.ofNullable(credentials.get(reference.registry()));
    }

    boolean isPlain(Reference reference) {
        return plainHttp.contains(reference.registry());
    }

    private static CarrelException invalid(String host, String what) {
        return new CarrelException(
                ErrorCode.INVALID_DEFINITION, "registry \"" + host + "\" " + what);
    }
}
