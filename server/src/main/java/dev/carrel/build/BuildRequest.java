package dev.carrel.build;

import java.util.Map;

/// What to build. `dockerfile` is its path in the context; `arguments` are values for its ARGs.
/// With `isFresh`, no step is taken from an earlier build.
public record BuildRequest(
        String name,
        String dockerfile,
        Map<String, String> arguments,
        boolean isFresh,
        boolean internet) {
    public static final String DOCKERFILE_DEFAULT = "Dockerfile";

    public BuildRequest {
        arguments = Map.copyOf(arguments);
    }
}
