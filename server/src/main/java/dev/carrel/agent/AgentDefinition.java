package dev.carrel.agent;

import dev.carrel.model.ModelRef;
import dev.carrel.model.Reasoning;
import java.util.List;
import java.util.Optional;

/// A deployed agent: one entry of `agents.json` with its skills, and the memory files beside it,
/// read in; `memory` is the text of those, empty without them. `allowedTools` are patterns: exact
/// names, `prefix_*` or `*`.
public record AgentDefinition(
        String name,
        Optional<String> role,
        ModelRef model,
        List<String> allowedTools,
        List<Skill> skills,
        Optional<String> systemPrompt,
        int maxSteps,
        Reasoning reasoning,
        WorkspaceSettings workspace,
        String memory) {
    public static final int MAX_STEPS_DEFAULT = 150;
    public static final int MAX_STEPS_MAX = 1_000;
    public static final List<String> TOOLS_DEFAULT =
            List.of("read", "write", "edit", "bash", "glob", "grep", "list");

    public AgentDefinition {
        allowedTools = List.copyOf(allowedTools);
        skills = List.copyOf(skills);
    }

    AgentDefinition withMemory(String newMemory) {
        return new AgentDefinition(
                name,
                role,
                model,
                allowedTools,
                skills,
                systemPrompt,
                maxSteps,
                reasoning,
                workspace,
                newMemory);
    }
}
