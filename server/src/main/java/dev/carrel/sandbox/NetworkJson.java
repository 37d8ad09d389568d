package dev.carrel.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.store.Vault;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A network policy as it is stored within a spec.
final class NetworkJson {
    private static final Logger LOG = LoggerFactory.getLogger(NetworkJson.class);

    private NetworkJson() {}

    static ObjectNode write(NetworkPolicy policy, Optional<Vault> vault) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("internet", policy.internet());
        put(node, "allow", policy.allow());
        put(node, "deny", policy.deny());
        if (!policy.secrets().isEmpty() && vault.isPresent()) {
            ArrayNode array = node.putArray("secrets");
            policy.secrets().forEach(secret -> array.add(write(secret, vault.get())));
        }
        return node;
    }

    private static ObjectNode write(EdgeSecret secret, Vault vault) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("host", secret.host().text())
                .put("header", secret.header())
                .put("sealed", vault.seal(secret.value()))
                .put("insecure", secret.insecure());
    }

    private static List<EdgeSecret> secrets(JsonNode array, Vault vault) {
        List<EdgeSecret> secrets = new ArrayList<>();
        for (JsonNode node : array) {
            HostName host = new HostName(node.path("host").asText());
            Optional<String> value = vault.open(node.path("sealed").asText());
            if (value.isPresent()) {
                boolean insecure = node.path("insecure").asBoolean(false);
                String header = node.path("header").asText();
                secrets.add(new EdgeSecret(host, header, value.get(), insecure));
            } else {
                LOG.error("a secret for {} was sealed with another key and is lost", host);
            }
        }
        return secrets;
    }

    static NetworkPolicy read(JsonNode node, Optional<Vault> vault) {
        return new NetworkPolicy(
                node.path("internet").asBoolean(false),
                targets(node.path("allow")),
                targets(node.path("deny")),
                vault.map(key -> secrets(node.path("secrets"), key)).orElse(List.of()));
    }

    private static void put(ObjectNode node, String list, List<NetworkTarget> targets) {
        if (!targets.isEmpty()) {
            ArrayNode array = node.putArray(list);
            targets.forEach(target -> array.add(target.toString()));
        }
    }

    private static List<NetworkTarget> targets(JsonNode array) {
        List<NetworkTarget> targets = new ArrayList<>();
        array.forEach(entry -> targets.add(NetworkTarget.parse(entry.asText())));
        return targets;
    }
}
