package dev.carrel.agent;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/// The sandbox that an agent's sessions get; what is absent is the server's default. `isolation` is
/// the name of a level, `allow` and `deny` are entries of network rules as callers write them.
public record WorkspaceSettings(
        Optional<String> image,
        OptionalDouble cpus,
        OptionalInt memoryMib,
        OptionalInt diskMib,
        Optional<Boolean> internet,
        Optional<String> isolation,
        List<String> allow,
        List<String> deny) {
    /// Where an agent works inside its sandbox.
    public static final String DIRECTORY = "/workspace";

    public static final WorkspaceSettings DEFAULT =
            new WorkspaceSettings(
                    Optional.empty(),
                    OptionalDouble.empty(),
                    OptionalInt.empty(),
                    OptionalInt.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    List.of(),
                    List.of());

    public WorkspaceSettings {
        allow = List.copyOf(allow);
        deny = List.copyOf(deny);
    }
}
