package dev.carrel.image;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.carrel.error.CarrelException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;

/// An image as its registry describes it, for the processor of this host: `digest` is that of what
/// the reference named, `configuration` the JSON with environment and layers' contents.
record Manifest(Digest digest, List<Descriptor> layers, JsonNode configuration) {
    static final int LAYERS_MAX = 256;
    static final int CONFIGURATION_BYTES_MAX = 4 << 20;

    private static final ObjectMapper JSON = JsonMapper.builder().build();
    private static final String ARCHITECTURE =
            System.getProperty("os.arch", "").equals("aarch64") ? "arm64" : "amd64";

    Manifest {
        layers = List.copyOf(layers);
    }

    static Manifest fetch(Registry registry) throws IOException {
        Registry.Fetched named = registry.manifest();
        JsonNode json = parse(registry, named.text());
        if (json.path("manifests").isArray()) {
            Digest chosen = choose(registry, json.path("manifests"));
            json = parse(registry, registry.manifest(chosen).text());
        }
        if (!json.path("layers").isArray() || !json.path("config").isObject()) {
            throw registry.invalid("its manifest is of a kind that is not known here");
        }
        List<Descriptor> layers = new ArrayList<>();
        for (JsonNode layer : json.path("layers")) {
            layers.add(descriptor(registry, layer));
        }
        requireLimits(registry, layers);
        Descriptor config = descriptor(registry, json.path("config"));
        JsonNode configuration = parse(registry, registry.text(config, CONFIGURATION_BYTES_MAX));
        var manifest = new Manifest(named.digest(), layers, configuration);
        manifest.check(registry);
        return manifest;
    }

    private static void requireLimits(Registry registry, List<Descriptor> layers) {
        if (layers.size() > LAYERS_MAX) {
            throw registry.invalid("it has more than " + LAYERS_MAX + " layers");
        }
        if (layers.stream().anyMatch(layer -> layer.sizeBytes() > PullBudget.BYTES_MAX)) {
            throw registry.invalid(
                    "a layer has more than %d MB".formatted(PullBudget.BYTES_MAX >> 20));
        }
    }

    /// The digests of the layers' contents, unpacked.
    List<Digest> contents() {
        List<Digest> digests = new ArrayList<>();
        for (JsonNode digest : configuration.path("rootfs").path("diff_ids")) {
            Digest.parse(digest.asText()).ifPresent(digests::add);
        }
        return digests;
    }

    /// Entrypoint and command are left out: a sandbox runs what it is asked to.
    ImageConfig config() {
        JsonNode said = configuration.path("config");
        return ImageConfigs.of(
                said.path("Env"),
                said.path("User").asText(""),
                said.path("WorkingDir").asText(""),
                said.path("Labels"));
    }

    long sizeBytes() {
        return layers.stream().mapToLong(Descriptor::sizeBytes).sum();
    }

    private void check(Registry registry) {
        if (contents().size() != layers.size()) {
            throw registry.invalid("its configuration does not fit its layers");
        }
        String architecture = configuration.path("architecture").asText(ARCHITECTURE);
        String system = configuration.path("os").asText("linux").toLowerCase(Locale.ROOT);
        if (!architecture.equals(ARCHITECTURE) || !system.equals("linux")) {
            throw wrongPlatform(registry, List.of(system + "/" + architecture));
        }
    }

    private static Digest choose(Registry registry, JsonNode manifests) {
        var there = new TreeSet<String>();
        for (JsonNode manifest : manifests) {
            JsonNode platform = manifest.path("platform");
            String name =
                    platform.path("os").asText("") + "/" + platform.path("architecture").asText("");
            Optional<Digest> digest = Digest.parse(manifest.path("digest").asText(""));
            if (name.equals("linux/" + ARCHITECTURE) && digest.isPresent()) {
                return digest.get();
            }
            if (!name.contains("unknown")) {
                there.add(name);
            }
        }
        throw wrongPlatform(registry, List.copyOf(there));
    }

    private static CarrelException wrongPlatform(Registry registry, List<String> there) {
        return registry.invalid(
                "this host needs linux/%s, and there is: %s"
                        .formatted(ARCHITECTURE, String.join(", ", there)));
    }

    private static Descriptor descriptor(Registry registry, JsonNode json) {
        Optional<Digest> digest = Digest.parse(json.path("digest").asText(""));
        long size = json.path("size").asLong(-1);
        if (digest.isEmpty() || size < 0) {
            throw registry.invalid("its manifest is damaged");
        }
        return new Descriptor(json.path("mediaType").asText(""), digest.get(), size);
    }

    private static JsonNode parse(Registry registry, String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw registry.invalid("its manifest is not JSON");
        }
    }
}
