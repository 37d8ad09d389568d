package dev.carrel.wire;

import java.util.List;
import java.util.Optional;

/// A deployed agent. `skills` are names.
public record AgentInfo(
        String name,
        Optional<String> role,
        String model,
        List<String> allowedTools,
        List<String> skills,
        int maxSteps,
        String reasoning) {
    public AgentInfo {
        allowedTools = List.copyOf(allowedTools);
        skills = List.copyOf(skills);
    }
}
