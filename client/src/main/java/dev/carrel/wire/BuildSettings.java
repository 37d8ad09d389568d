package dev.carrel.wire;

import java.util.Map;

/// How to build an image: `dockerfile` is its path in the context, `arguments` are values for its
/// ARGs. Without `cache`, every step is done anew; without `internet`, its commands have none.
public record BuildSettings(
        String dockerfile, Map<String, String> arguments, boolean cache, boolean internet) {
    public static final BuildSettings DEFAULT =
            new BuildSettings("Dockerfile", Map.of(), true, true);

    public BuildSettings {
        arguments = Map.copyOf(arguments);
    }
}
