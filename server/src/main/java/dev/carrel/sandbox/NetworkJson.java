package dev.carrel.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/// A network policy as it is stored within a spec.
final class NetworkJson {
    private NetworkJson() {}

    static ObjectNode write(NetworkPolicy policy) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("internet", policy.internet());
        put(node, "allow", policy.allow());
        put(node, "deny", policy.deny());
        return node;
    }

    static NetworkPolicy read(JsonNode node) {
        return new NetworkPolicy(
                node.path("internet").asBoolean(false),
                targets(node.path("allow")),
                targets(node.path("deny")),
                List.of());
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
