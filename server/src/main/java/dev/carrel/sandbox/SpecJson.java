package dev.carrel.sandbox;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.store.Vault;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// A spec as it is stored. Specs of older versions always load, whatever was added since: a field
/// that is absent has the value that there was before it, one that is not known is left alone.
final class SpecJson {
    private static final ObjectMapper JSON = new ObjectMapper();

    private SpecJson() {}

    /// For a sandbox that is gone: nobody needs its secrets.
    static String writeWithoutSecrets(SandboxSpec spec) {
        return write(spec, Optional.empty());
    }

    static String write(SandboxSpec spec, Vault vault) {
        return write(spec, Optional.of(vault));
    }

    private static String write(SandboxSpec spec, Optional<Vault> vault) {
        ObjectNode root = JSON.createObjectNode();
        spec.name().ifPresent(name -> root.put("name", name));
        root.put("image", spec.image());
        root.put("isolation", spec.isolation().wireName());
        root.putObject("resources")
                .put("cpus", spec.resources().cpus())
                .put("memory_mib", spec.resources().memoryMib())
                .put("disk_mib", spec.resources().diskMib())
                .put("processes_max", spec.resources().processesMax());
        root.set("network", NetworkJson.write(spec.network(), vault));
        put(root.putObject("env"), spec.env());
        put(root.putObject("metadata"), spec.metadata());
        spec.user().ifPresent(user -> root.put("user", user));
        spec.ttl().ifPresent(ttl -> root.put("ttl_millis", ttl.toMillis()));
        spec.idle().ifPresent(idle -> put(root.putObject("idle"), idle));
        spec.owner().ifPresent(owner -> root.put("owner", owner));
        spec.snapshot().ifPresent(snapshot -> root.put("snapshot", snapshot.value()));
        return root.toString();
    }

    static SandboxSpec read(String text) {
        return read(text, Optional.empty());
    }

    static SandboxSpec read(String text, Vault vault) {
        return read(text, Optional.of(vault));
    }

    private static SandboxSpec read(String text, Optional<Vault> vault) {
        try {
            JsonNode root = JSON.readTree(text);
            return SandboxSpec.defaults().toBuilder()
                    .name(text(root, "name"))
                    .image(root.path("image").asText(SandboxSpec.DEFAULT_IMAGE))
                    .isolation(
                            text(root, "isolation")
                                    .map(name -> Isolation.valueOf(name.toUpperCase(Locale.ROOT)))
                                    .orElse(Isolation.CONTAINER))
                    .resources(resources(root.path("resources")))
                    .network(NetworkJson.read(root.path("network"), vault))
                    .env(map(root.path("env")))
                    .metadata(map(root.path("metadata")))
                    .user(text(root, "user"))
                    .ttl(millis(root.path("ttl_millis")))
                    .idle(
                            Optional.of(root.path("idle"))
                                    .filter(JsonNode::isObject)
                                    .map(SpecJson::idle))
                    .owner(text(root, "owner"))
                    .snapshot(text(root, "snapshot").map(SnapshotId::new))
                    .build();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a stored sandbox spec is not JSON", e);
        }
    }

    private static Resources resources(JsonNode node) {
        Resources byDefault = Resources.DEFAULT;
        return new Resources(
                node.path("cpus").asDouble(byDefault.cpus()),
                node.path("memory_mib").asInt(byDefault.memoryMib()),
                node.path("disk_mib").asInt(byDefault.diskMib()),
                node.path("processes_max").asInt(byDefault.processesMax()));
    }

    private static void put(ObjectNode node, IdleRules idle) {
        idle.pauseAfter().ifPresent(after -> node.put("pause_after_millis", after.toMillis()));
        idle.stopAfter().ifPresent(after -> node.put("stop_after_millis", after.toMillis()));
    }

    private static IdleRules idle(JsonNode node) {
        return new IdleRules(
                millis(node.path("pause_after_millis")), millis(node.path("stop_after_millis")));
    }

    private static Optional<Duration> millis(JsonNode node) {
        return Optional.of(node)
                .filter(JsonNode::isNumber)
                .map(millis -> Duration.ofMillis(millis.asLong()));
    }

    private static void put(ObjectNode node, Map<String, String> map) {
        new TreeMap<>(map).forEach(node::put);
    }

    private static Optional<String> text(JsonNode root, String field) {
        return Optional.of(root.path(field)).filter(JsonNode::isTextual).map(JsonNode::asText);
    }

    private static Map<String, String> map(JsonNode node) {
        var map = new TreeMap<String, String>();
        node.properties().forEach(entry -> map.put(entry.getKey(), entry.getValue().asText()));
        return map;
    }

    static String writeMap(Map<String, String> map) {
        ObjectNode node = JSON.createObjectNode();
        put(node, map);
        return node.toString();
    }

    static Map<String, String> readMap(String text) {
        try {
            return map(JSON.readTree(text));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("stored metadata is not JSON", e);
        }
    }
}
