package dev.carrel.sandbox.oci;

import dev.carrel.process.Errno;
import dev.carrel.process.LinuxException;
import dev.carrel.process.PidFd;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.store.Ids;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The control groups of an instance's sandboxes: `<parent>/<sandbox id>` in each hierarchy. crun
/// makes them; here they are read and cleared. Methods that end processes block in the kernel: call
/// them on a platform thread.
record ControlGroups(Layout layout, List<Path> hierarchies, String parent) {
    private static final Path TOP = Path.of("/sys/fs/cgroup");
    private static final Duration END_TIMEOUT = Duration.ofSeconds(10);

    private static final Duration REMOVE_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration REMOVE_PAUSE = Duration.ofMillis(1);

    /// Rounds of killing: more than one only when processes appeared after the list was read.
    private static final int KILL_ROUNDS = 10;

    ControlGroups {
        hierarchies = List.copyOf(hierarchies);
    }

    /// How the host arranges its controllers.
    enum Layout {
        /// One hierarchy, cgroup v2.
        UNIFIED,
        /// One hierarchy for each controller, cgroup v1, perhaps with an unused v2 beside them.
        SEPARATE
    }

    static ControlGroups of(String parent) throws IOException {
        return of(TOP, parent);
    }

    static ControlGroups of(Path top, String parent) throws IOException {
        if (Files.exists(top.resolve("cgroup.controllers"))) {
            return new ControlGroups(Layout.UNIFIED, List.of(top), parent);
        }
        if (!Files.isDirectory(top)) {
            return new ControlGroups(Layout.SEPARATE, List.of(), parent);
        }
        try (Stream<Path> children = Files.list(top)) {
            List<Path> hierarchies =
                    children.filter(path -> !Files.isSymbolicLink(path))
                            .filter(path -> Files.exists(path.resolve("cgroup.procs")))
                            .filter(path -> !Files.exists(path.resolve("cgroup.controllers")))
                            .sorted()
                            .toList();
            return new ControlGroups(Layout.SEPARATE, hierarchies, parent);
        }
    }

    /// How crun is told where to put a sandbox.
    String path(SandboxId id) {
        return "/" + parent + "/" + id;
    }

    /// How often the kernel has killed for want of memory in a sandbox; 0 when it does not run.
    long oomKills(SandboxId id) {
        Path file =
                switch (layout) {
                    case UNIFIED -> group(TOP, id).resolve("memory.events");
                    case SEPARATE -> group(TOP.resolve("memory"), id).resolve("memory.oom_control");
                };
        try {
            return Files.readString(file)
                    .lines()
                    .filter(line -> line.startsWith("oom_kill "))
                    .mapToLong(line -> Long.parseLong(line.substring(9).strip()))
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }

    /// Whether this process is one of the sandbox, seen from its control groups: a number that was
    /// given again to another process is not.
    boolean holds(SandboxId id, int process) {
        try {
            return Files.readString(Path.of("/proc/" + process + "/cgroup"))
                    .lines()
                    .anyMatch(line -> (line + "/").contains(":" + path(id) + "/"));
        } catch (IOException e) {
            return false;
        }
    }

    /// Ends every process of a sandbox and waits until they have ended.
    void kill(SandboxId id) throws IOException {
        Set<Integer> ended = new TreeSet<>();
        for (int round = 0; round < KILL_ROUNDS; round++) {
            Set<Integer> processes = processes(id);
            // The list still names some that have ended a moment ago.
            processes.removeAll(ended);
            if (processes.isEmpty()) {
                return;
            }
            ended.addAll(end(id, processes));
        }
        throw new IOException("processes of " + id + " do not end");
    }

    // Held first, then looked for once more: a number that was given to a process of the host after
    // the list was read is not in the list any more. Returns those that have ended.
    private Set<Integer> end(SandboxId id, Set<Integer> processes) throws IOException {
        // The lowest number first: pid 1, so that it records no ends that are its own.
        Map<Integer, PidFd> held = new TreeMap<>();
        try {
            for (int process : processes) {
                hold(process).ifPresent(fd -> held.put(process, fd));
            }
            Set<Integer> still = processes(id);
            Set<Integer> ended = new TreeSet<>(processes);
            for (var entry : held.entrySet()) {
                if (still.contains(entry.getKey())) {
                    entry.getValue().kill();
                } else {
                    ended.remove(entry.getKey());
                }
            }
            // On v1 what is frozen dies only when it goes on; it forks no more before that.
            new Freezer(this).thaw(id);
            for (int process : ended) {
                PidFd fd = held.get(process);
                if (fd != null && !fd.awaitEnd(END_TIMEOUT)) {
                    throw new IOException("a killed process does not end: " + processes);
                }
            }
            return ended;
        } finally {
            held.values().forEach(PidFd::close);
        }
    }

    private static Optional<PidFd> hold(int process) throws LinuxException {
        try {
            return Optional.of(PidFd.open(process));
        } catch (LinuxException e) {
            if (e.errno() != Errno.ESRCH) {
                throw e;
            }
            return Optional.empty();
        }
    }

    /// Removes the groups of a sandbox, whose processes must have ended.
    void remove(SandboxId id) throws IOException {
        for (Path hierarchy : hierarchies) {
            removeSoon(group(hierarchy, id));
        }
    }

    // The kernel lets a process go a moment after it has told that it ended, and tells nobody.
    private static void removeSoon(Path group) throws IOException {
        long deadline = System.nanoTime() + REMOVE_TIMEOUT.toNanos();
        while (true) {
            try {
                remove(group);
                return;
            } catch (FileSystemException e) {
                if (System.nanoTime() > deadline) {
                    throw e;
                }
                LockSupport.parkNanos(REMOVE_PAUSE.toNanos());
            }
        }
    }

    /// Removes the parents of all groups; does nothing while there are any.
    void removeParents() throws IOException {
        if (ids().isEmpty()) {
            for (Path hierarchy : hierarchies) {
                remove(hierarchy.resolve(parent));
            }
        }
    }

    /// All sandboxes that have a group somewhere.
    Set<SandboxId> ids() throws IOException {
        Set<SandboxId> ids = new TreeSet<>(java.util.Comparator.comparing(SandboxId::value));
        for (Path hierarchy : hierarchies) {
            ids.addAll(
                    folders(hierarchy.resolve(parent)).stream()
                            .map(path -> String.valueOf(path.getFileName()))
                            .filter(name -> Ids.isId("sbx", name))
                            .map(SandboxId::new)
                            .collect(Collectors.toSet()));
        }
        return ids;
    }

    /// All processes of a sandbox, on the host.
    Set<Integer> processes(SandboxId id) throws IOException {
        Set<Integer> processes = new TreeSet<>();
        for (Path hierarchy : hierarchies) {
            try {
                collect(group(hierarchy, id), processes);
            } catch (IOException e) {
                // Not there, or (ENODEV) gone between opening and reading.
                if (Files.exists(group(hierarchy, id))) {
                    throw e;
                }
            }
        }
        return processes;
    }

    // Engines may divide a group further.
    private static void collect(Path group, Set<Integer> processes) throws IOException {
        Files.readString(group.resolve("cgroup.procs"))
                .lines()
                .map(Integer::valueOf)
                // 0 stands for a process of another pid namespace, which none of ours is.
                .filter(process -> process > 0)
                .forEach(processes::add);
        for (Path child : folders(group)) {
            collect(child, processes);
        }
    }

    /// A file of a sandbox's group, in whichever hierarchy has it; empty while it does not run.
    Optional<Path> file(SandboxId id, String name) {
        return places(id, name).stream().filter(Files::exists).findFirst();
    }

    /// Where that file may be, the hierarchy that is called like its controller first.
    List<Path> places(SandboxId id, String name) {
        String controller = name.substring(0, name.indexOf('.'));
        return hierarchies.stream()
                .sorted(Comparator.comparing(hierarchy -> !hierarchy.endsWith(controller)))
                .map(hierarchy -> group(hierarchy, id).resolve(name))
                .toList();
    }

    private Path group(Path hierarchy, SandboxId id) {
        return hierarchy.resolve(parent).resolve(id.value());
    }

    // Groups within first, if there are any; the files in a group's folder are not to be deleted.
    private static void remove(Path group) throws IOException {
        try {
            Files.deleteIfExists(group);
            return;
        } catch (FileSystemException e) {
            // The kernel says EBUSY, to processes as well as to groups within.
        }
        for (Path child : folders(group)) {
            remove(child);
        }
        Files.deleteIfExists(group);
    }

    private static List<Path> folders(Path parent) throws IOException {
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(parent)) {
            return children.filter(Files::isDirectory).toList();
        }
    }
}
