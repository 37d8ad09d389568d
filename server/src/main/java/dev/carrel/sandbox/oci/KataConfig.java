package dev.carrel.sandbox.oci;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The configuration for Kata Containers: what is in [OciConfig] to protect the host's kernel is
/// the virtual machine's business, and pid 1 is told where its run directory is mounted. `network`
/// is the network namespace whose links the machine takes over.
record KataConfig(OciConfig base, String network) {
    /// Where the container is, among the control groups that the shim sees.
    private static final String CONTROL_GROUP = "/inside";

    /// Of the user and network namespaces that only the host's kernel would have together.
    private static final Set<String> NOT_MOUNTED = Set.of("/sys", "/dev/mqueue");

    byte[] toJson() throws IOException {
        ObjectNode config = base.json(Optional.empty());
        config.withObject("/root").put("path", ShimStart.ROOTFS.toString());
        ObjectNode process = config.withObject("/process");
        process.putArray("args").add(OciConfig.INIT).add(GvisorConfig.RUN);
        for (String set : List.of("bounding", "effective", "permitted")) {
            process.withObject("/capabilities").withArray(set).add(GvisorConfig.ADMINISTRATION);
        }
        // The machine has no control group for it. Pid 1 counts too.
        int processes = base.resources().processesMax() + 1;
        process.withArray("rlimits")
                .addObject()
                .put("type", "RLIMIT_NPROC")
                .put("soft", processes)
                .put("hard", processes);
        config.set("mounts", mounts(config.withArray("/mounts")));
        ObjectNode linux = config.withObject("/linux").put("cgroupsPath", CONTROL_GROUP);
        linux.remove(List.of("seccomp", "maskedPaths", "readonlyPaths", "sysctl"));
        // The machine has none.
        linux.withObject("/resources/memory").remove("swap");
        for (JsonNode namespace : linux.withArray("namespaces")) {
            if (namespace.path("type").asText().equals("network")) {
                ((ObjectNode) namespace).put("path", network);
            }
        }
        return OciConfig.bytes(config);
    }

    private ArrayNode mounts(ArrayNode all) {
        ArrayNode mounts = all.arrayNode();
        for (JsonNode mount : all) {
            String target = mount.path("destination").asText();
            if (target.equals(OciConfig.INIT)) {
                GvisorConfig.bind(mounts, OciConfig.INIT, ShimStart.INIT, "ro");
            } else if (!NOT_MOUNTED.contains(target)) {
                mounts.add(mount);
            }
        }
        GvisorConfig.bind(mounts, GvisorConfig.RUN, ShimStart.RUN, "rw");
        return mounts;
    }
}
