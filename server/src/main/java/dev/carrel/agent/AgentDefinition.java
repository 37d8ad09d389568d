package dev.carrel.agent;

import dev.carrel.model.ModelRef;
import dev.carrel.model.Reasoning;
import java.util.List;
import java.util.Optional;

/// A deployed agent: one entry of `agents.json` with its skills read in. `memory` is the part of
/// the prompt that tells what is remembered; it belongs to a turn, and only definitions that were
/// stored before memories had a place of their own bring some along. `allowedTools` are patterns:
/// exact names, `prefix_*` or `*`. `approve` are the patterns of calls that wait for somebody's
/// word. `fallbacks` are asked in order when `model` does not answer; `budget` is for each turn.
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
        String memory,
        List<String> approve,
        List<ModelRef> fallbacks,
        Budget budget) {
    public static final int MAX_STEPS_DEFAULT = 150;
    public static final int MAX_STEPS_MAX = 1_000;
    public static final int FALLBACKS_MAX = 4;
    public static final List<String> TOOLS_DEFAULT =
            List.of("read", "write", "edit", "bash", "glob", "grep", "list");

    public AgentDefinition {
        allowedTools = List.copyOf(allowedTools);
        skills = List.copyOf(skills);
        approve = List.copyOf(approve);
        fallbacks = List.copyOf(fallbacks);
        budget = Budget.orNone(budget);
    }

    /// With only what every agent must have; all else is the default.
    public static Builder of(String name, ModelRef model) {
        return new Builder(name, model);
    }

    /// One like this, but for what is set anew.
    public Builder toBuilder() {
        return new Builder(name, model)
                .role(role)
                .allowedTools(allowedTools)
                .skills(skills)
                .systemPrompt(systemPrompt)
                .maxSteps(maxSteps)
                .reasoning(reasoning)
                .workspace(workspace)
                .memory(memory)
                .approve(approve)
                .fallbacks(fallbacks)
                .budget(budget);
    }

    /// Used by one thread.
    public static final class Builder {
        private final String name;
        private final ModelRef model;
        private Optional<String> role = Optional.empty();
        private List<String> allowedTools = TOOLS_DEFAULT;
        private List<Skill> skills = List.of();
        private Optional<String> systemPrompt = Optional.empty();
        private int maxSteps = MAX_STEPS_DEFAULT;
        private Reasoning reasoning = Reasoning.OFF;
        private WorkspaceSettings workspace = WorkspaceSettings.DEFAULT;
        private String memory = "";
        private List<String> approve = List.of();
        private List<ModelRef> fallbacks = List.of();
        private Budget budget = Budget.NONE;

        private Builder(String name, ModelRef model) {
            this.name = name;
            this.model = model;
        }

        public Builder role(Optional<String> newValue) {
            role = newValue;
            return this;
        }

        public Builder allowedTools(List<String> newValue) {
            allowedTools = newValue;
            return this;
        }

        public Builder skills(List<Skill> newValue) {
            skills = newValue;
            return this;
        }

        public Builder systemPrompt(Optional<String> newValue) {
            systemPrompt = newValue;
            return this;
        }

        public Builder maxSteps(int newValue) {
            maxSteps = newValue;
            return this;
        }

        public Builder reasoning(Reasoning newValue) {
            reasoning = newValue;
            return this;
        }

        public Builder workspace(WorkspaceSettings newValue) {
            workspace = newValue;
            return this;
        }

        public Builder memory(String newValue) {
            memory = newValue;
            return this;
        }

        public Builder approve(List<String> newValue) {
            approve = newValue;
            return this;
        }

        public Builder fallbacks(List<ModelRef> newValue) {
            fallbacks = newValue;
            return this;
        }

        public Builder budget(Budget newValue) {
            budget = newValue;
            return this;
        }

        public AgentDefinition build() {
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
                    memory,
                    approve,
                    fallbacks,
                    budget);
        }
    }
}
