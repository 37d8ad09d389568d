package dev.carrel.agent;

import java.util.List;
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

    private final Section section;
    private final WorkspaceCheck check;

    private WorkspaceSection(Section section, WorkspaceCheck check) {
        this.section = section;
        this.check = check;
    }

    static WorkspaceSettings read(Section section, WorkspaceCheck check) {
        return new WorkspaceSection(section, check).read();
    }

    private WorkspaceSettings read() {
        section.allow(Set.of("scope", "image", "resources", "network", "isolation"), Set.of());
        Optional<Section> resources = section.section("resources");
        resources.ifPresent(part -> part.allow(Set.of("cpus", "memory_mb", "disk_mb"), Set.of()));
        Optional<Section> network = section.section("network");
        network.ifPresent(
                part -> part.allow(Set.of("internet", "allow", "deny"), Set.of("secrets")));
        List<String> allow = network.map(part -> targets(part, "allow")).orElse(List.of());
        List<String> deny = network.map(part -> targets(part, "deny")).orElse(List.of());
        network.ifPresent(part -> report(part, part.line(), check.network(allow, deny)));
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
                network.flatMap(part -> part.flag("internet")),
                isolation(),
                allow,
                deny,
                scope());
    }

    private Optional<String> isolation() {
        Optional<Located.Text> level = section.text("isolation");
        level.ifPresent(text -> report(section, text.line(), check.isolation(text.value())));
        return level.map(Located.Text::value);
    }

    /// The entries of a list that are good, each judged by itself, so that the message has its
    /// line.
    private List<String> targets(Section network, String key) {
        return network.texts(key).orElse(List.of()).stream()
                .filter(text -> {
                    List<String> entry = List.of(text.value());
                    Optional<String> why =
                            key.equals("allow")
                                    ? check.network(entry, List.of())
                                    : check.network(List.of(), entry);
                    report(network, text.line(), why);
                    return why.isEmpty();
                })
                .map(Located.Text::value)
                .toList();
    }

    private static void report(Section section, int line, Optional<String> why) {
        why.ifPresent(text -> section.problem(line, text + ", in " + section.where()));
    }

    private WorkspaceScope scope() {
        Optional<Located.Text> text = section.text("scope");
        if (text.isEmpty()) {
            return WorkspaceScope.SESSION;
        }
        String name = text.get().value();
        return WorkspaceScope.of(name)
                .orElseGet(() -> {
                    section.problem(
                            text.get().line(),
                            "\"scope\" must be one of session, user, shared, not \"%s\", in %s"
                                    .formatted(name, section.where()));
                    return WorkspaceScope.SESSION;
                });
    }
}
