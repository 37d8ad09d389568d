import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// What the kernel counts for a sandbox.
final class Groups {
    private static final Path TOP = Path.of("/sys/fs/cgroup");

    static long memoryBytes(String id) throws IOException {
        for (Path group : find(id)) {
            for (String file : List.of("memory.current", "memory.usage_in_bytes")) {
                if (Files.exists(group.resolve(file))) {
                    return Long.parseLong(Files.readString(group.resolve(file)).strip());
                }
            }
        }
        throw new IOException("no memory control group of " + id);
    }

    static long pssBytes(String id) throws IOException {
        long kib = 0;
        for (String pid : Files.readAllLines(find(id).getFirst().resolve("cgroup.procs"))) {
            kib += Files.readAllLines(Path.of("/proc", pid, "smaps_rollup")).stream()
                    .filter(line -> line.startsWith("Pss:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .sum();
        }
        return kib << 10;
    }

    private static List<Path> find(String id) throws IOException {
        try (Stream<Path> groups = Files.find(TOP, 4, (path, attributes) -> path.endsWith(id))) {
            return groups.sorted().toList();
        }
    }
}
