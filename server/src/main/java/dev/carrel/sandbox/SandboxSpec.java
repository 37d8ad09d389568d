package dev.carrel.sandbox;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/// What a caller asks for. `ttl` counts from the creation; without it the sandbox stays until it is
/// deleted. `owner` names what the sandbox was made for (`ses_…`); there is at most one sandbox for
/// an owner.
public record SandboxSpec(
        Optional<String> name,
        String image,
        Isolation isolation,
        Resources resources,
        NetworkPolicy network,
        Map<String, String> env,
        Map<String, String> metadata,
        Optional<String> user,
        Optional<Duration> ttl,
        Optional<String> owner) {
    public static final String DEFAULT_IMAGE = "coding";

    public SandboxSpec {
        env = Map.copyOf(env);
        metadata = Map.copyOf(metadata);
    }

    /// The default image and limits, network on.
    public static SandboxSpec defaults() {
        return new SandboxSpec(
                Optional.empty(),
                DEFAULT_IMAGE,
                Isolation.CONTAINER,
                Resources.DEFAULT,
                NetworkPolicy.ON,
                Map.of(),
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    public SandboxSpec withOwner(String newOwner) {
        return new SandboxSpec(
                name,
                image,
                isolation,
                resources,
                network,
                env,
                metadata,
                user,
                ttl,
                Optional.of(newOwner));
    }
}
