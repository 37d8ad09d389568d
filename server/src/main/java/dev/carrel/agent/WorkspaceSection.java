package dev.carrel.agent;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/// Reads the `workspace` of an agent.
final class WorkspaceSection {
    // The bounds of what a sandbox can be given.
    private static final double CPUS_MIN = 0.05;
    private static final double CPUS_MAX = 256;
    private static final int MEMORY_MIB_MIN = 32;
    private static final int MEMORY_MIB_MAX = 1 << 20;
    private static final int DISK_MIB_MIN = 16;
    private static final int DISK_MIB_MAX = 1 << 24;

    private WorkspaceSection() {}

    static WorkspaceSettings read(Section section) {
        section.allow(Set.of("scope", "image", "resources", "network", "isolation"), Set.of());
        onlyChoice(section, "scope", "session");
        onlyChoice(section, "isolation", "container");
        Optional<Section> resources = section.section("resources");
        resources.ifPresent(part -> part.allow(Set.of("cpus", "memory_mb", "disk_mb"), Set.of()));
        Optional<Section> network = section.section("network");
        network.ifPresent(part -> part.allow(Set.of("internet"), Set.of("allow", "deny")));
        return new WorkspaceSettings(
                section.text("image").map(Located.Text::value),
                resources
                        .map(part -> part.decimal("cpus", CPUS_MIN, CPUS_MAX))
                        .orElse(OptionalDouble.empty()),
                resources
                        .map(part -> part.integer("memory_mb", MEMORY_MIB_MIN, MEMORY_MIB_MAX))
                        .orElse(OptionalInt.empty()),
                resources
                        .map(part -> part.integer("disk_mb", DISK_MIB_MIN, DISK_MIB_MAX))
                        .orElse(OptionalInt.empty()),
                network.flatMap(part -> part.flag("internet")));
    }

    private static void onlyChoice(Section section, String key, String choice) {
        section.text(key)
                .filter(text -> !text.value().equals(choice))
                .ifPresent(text ->
                        section.problem(
                                text.line(),
                                "\"%s\": \"%s\" is not supported yet in %s; only \"%s\" is"
                                        .formatted(key, text.value(), section.where(), choice)));
    }
}
