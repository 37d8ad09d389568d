package dev.carrel.sandbox.oci;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.sandbox.Resources;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The configuration for gVisor: what is in [OciConfig] to protect the host's kernel is gVisor's
/// own business and left out, and pid 1 is told where its run directory is mounted, and the one in
/// which the server listens. `init` is a copy of pid 1 that gVisor may read.
record GvisorConfig(OciConfig base, Path init, Path run, Path door) {
    /// Where the run directory is, until pid 1 has taken it.
    static final String RUN = "/dev/carrel-run";

    /// Where the server listens. Read-only; to reach a socket there is no writing.
    static final String DOOR = "/dev/carrel-door";

    /// For pid 1's first moments: it mounts, and gives it up for good.
    static final String ADMINISTRATION = "CAP_SYS_ADMIN";

    /// What gVisor itself takes beside the memory of the sandbox's own processes.
    private static final int OVERHEAD_MIB = 64;

    /// The host counts gVisor's threads: some for itself, and some for each process inside. A
    /// sandbox that reaches this one dies; its own limit is kept inside, by pid 1.
    private static final int THREADS = 1024;

    private static final int THREADS_EACH = 8;

    private static final Set<String> NOT_MOUNTED = Set.of("/dev/mqueue");

    byte[] toJson() throws IOException {
        ObjectNode config = base.json(Optional.empty());
        ObjectNode process = config.withObject("/process");
        int processesMax = base.resources().processesMax();
        process.putArray("args")
                .add(OciConfig.INIT)
                .add(RUN)
                .add(Integer.toString(processesMax))
                .add(DOOR);
        for (String set : List.of("bounding", "effective", "permitted")) {
            process.withObject("/capabilities").withArray(set).add(ADMINISTRATION);
        }
        config.set("mounts", mounts(config.withArray("/mounts")));
        ObjectNode linux = config.withObject("/linux");
        linux.remove(List.of("seccomp", "maskedPaths", "readonlyPaths", "sysctl"));
        ObjectNode limits = linux.withObject("/resources");
        limits.remove("devices");
        Resources onHost = onHost(base.resources());
        limits.putObject("pids").put("limit", onHost.processesMax());
        long bytes = (long) onHost.memoryMib() << 20;
        ObjectNode memory = limits.withObject("/memory").put("limit", bytes);
        if (memory.has("swap")) {
            memory.put("swap", bytes);
        }
        return OciConfig.bytes(config);
    }

    /// What the host is to enforce so that a sandbox has these limits inside.
    static Resources onHost(Resources inside) {
        return new Resources(
                inside.cpus(),
                Math.min(inside.memoryMib() + OVERHEAD_MIB, Resources.MEMORY_MIB_MAX),
                inside.diskMib(),
                Math.min(THREADS + THREADS_EACH * inside.processesMax(), Resources.PROCESSES_MAX));
    }

    private ArrayNode mounts(ArrayNode all) {
        ArrayNode mounts = all.arrayNode();
        for (JsonNode mount : all) {
            String target = mount.path("destination").asText();
            if (target.equals(OciConfig.INIT)) {
                bind(mounts, OciConfig.INIT, init, "ro");
            } else if (!NOT_MOUNTED.contains(target)) {
                mounts.add(mount);
            }
        }
        bind(mounts, RUN, run, "rw");
        bind(mounts, DOOR, door, "ro");
        return mounts;
    }

    static void bind(ArrayNode mounts, String target, Path source, String access) {
        ObjectNode mount = mounts.addObject().put("destination", target).put("type", "bind");
        mount.put("source", source.toString());
        mount.putArray("options")
                .add("bind")
                .add("rprivate")
                .add(access)
                .add("nosuid")
                .add("nodev");
    }
}
