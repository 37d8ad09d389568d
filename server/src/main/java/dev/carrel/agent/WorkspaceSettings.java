package dev.carrel.agent;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/// The sandbox that an agent's sessions get; what is absent is the server's default.
public record WorkspaceSettings(
        Optional<String> image,
        OptionalDouble cpus,
        OptionalInt memoryMib,
        OptionalInt diskMib,
        Optional<Boolean> internet) {
    /// Where an agent works inside its sandbox.
    public static final String DIRECTORY = "/workspace";

    public static final WorkspaceSettings DEFAULT =
            new WorkspaceSettings(
                    Optional.empty(),
                    OptionalDouble.empty(),
                    OptionalInt.empty(),
                    OptionalInt.empty(),
                    Optional.empty());
}
