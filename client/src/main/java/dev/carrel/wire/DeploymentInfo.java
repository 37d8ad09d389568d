package dev.carrel.wire;

import java.time.Instant;
import java.util.List;

/// A version of a project's agents.
public record DeploymentInfo(int version, Instant createdAt, List<String> agents) {
    public DeploymentInfo {
        agents = List.copyOf(agents);
    }
}
