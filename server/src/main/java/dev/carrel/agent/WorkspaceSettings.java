package dev.carrel.agent;

import java.util.List;
import java.util.Objects;
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
        List<String> deny,
        WorkspaceScope scope) {
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
                    List.of(),
                    WorkspaceScope.SESSION);

    /// Stored settings may be older than the scope.
    public WorkspaceSettings {
        allow = List.copyOf(allow);
        deny = List.copyOf(deny);
        scope = Objects.requireNonNullElse(scope, WorkspaceScope.SESSION);
    }

    public WorkspaceSettings with(WorkspaceScope newScope) {
        return new WorkspaceSettings(
                image, cpus, memoryMib, diskMib, internet, isolation, allow, deny, newScope);
    }
}
