package dev.carrel.wire;

import java.time.Instant;
import java.util.List;

/// A version of a project's agents. `memory_kept`, in the answer to the deployment, are the memory
/// files that were not taken, because agents or people have changed what the last one brought.
public record DeploymentInfo(
        int version, Instant createdAt, List<String> agents, List<String> memoryKept) {
    public DeploymentInfo {
        agents = List.copyOf(agents);
        memoryKept = List.copyOf(memoryKept);
    }
}
