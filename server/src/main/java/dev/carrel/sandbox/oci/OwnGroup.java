package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// The control group of a sandbox whose engine is not trusted to make it: it is made and limited
/// before the engine runs, and the engine with all that it starts runs in it.
record OwnGroup(ControlGroups groups) {
    private static final Set<String> CONTROLLERS = Set.of("cpu", "memory", "pids");

    /// Files of v1 that a new group has empty, and without which nothing runs in it.
    private static final List<String> FROM_THE_PARENT = List.of("cpuset.cpus", "cpuset.mems");

    /// Returns the group's folder in each hierarchy.
    List<Path> make(SandboxId id, Resources limits) throws IOException {
        List<Path> made = new ArrayList<>();
        for (Path hierarchy : groups.hierarchies()) {
            Path parent = hierarchy.resolve(groups.parent());
            Path group = parent.resolve(id.value());
            Files.createDirectories(group);
            switch (groups.layout()) {
                case UNIFIED -> {
                    enable(hierarchy);
                    enable(parent);
                }
                case SEPARATE -> {
                    inherit(hierarchy, parent);
                    inherit(parent, group);
                }
            }
            made.add(group);
        }
        new LiveLimits(groups).set(id, limits);
        return made;
    }

    private static void enable(Path group) throws IOException {
        Path enabled = group.resolve("cgroup.subtree_control");
        List<String> there = words(enabled);
        for (String controller : words(group.resolve("cgroup.controllers"))) {
            if (CONTROLLERS.contains(controller) && !there.contains(controller)) {
                Files.writeString(enabled, "+" + controller);
            }
        }
    }

    private static void inherit(Path parent, Path group) throws IOException {
        for (String name : FROM_THE_PARENT) {
            Path file = group.resolve(name);
            if (Files.exists(file) && Files.readString(file).isBlank()) {
                Files.writeString(file, Files.readString(parent.resolve(name)));
            }
        }
    }

    private static List<String> words(Path file) throws IOException {
        return List.of(Files.readString(file).strip().split("\\s+"));
    }
}
