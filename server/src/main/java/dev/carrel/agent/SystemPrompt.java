package dev.carrel.agent;

import dev.carrel.tool.Excerpt;
import java.util.ArrayList;
import java.util.List;

/// The system prompt of an agent. It follows from the deployed definition alone – no time, no id,
/// nothing of the session but what it remembers when a turn begins – so that a provider can cache
/// it for as long as the agent is deployed.
final class SystemPrompt {
    static final int SKILL_CHARS_MAX = 8_000;
    static final int SKILLS_CHARS_MAX = 32_000;
    static final int MEMORY_CHARS_MAX = 50_000;

    /// Of either list of network rules.
    static final int TARGETS_MAX = 30;

    private SystemPrompt() {}

    /// `tools` are the names of the agent's own tools.
    static String of(AgentDefinition agent, List<String> tools) {
        List<String> parts = new ArrayList<>();
        parts.add(
                agent.role()
                        .map(role -> "You are " + agent.name() + ". " + role)
                        .orElse("You are " + agent.name() + "."));
        agent.systemPrompt().ifPresent(parts::add);
        if (!tools.isEmpty()) {
            parts.add(environment(agent, tools));
        }
        if (!agent.skills().isEmpty()) {
            parts.add(skills(agent.skills()));
        }
        if (!agent.memory().isBlank()) {
            parts.add("# Memory\n" + Excerpt.head(agent.memory().strip(), MEMORY_CHARS_MAX));
        }
        return String.join("\n\n", parts);
    }

    private static String environment(AgentDefinition agent, List<String> tools) {
        return """
        # Environment
        You work in a Linux sandbox of your own, as root, with your tools: %s.
        Your working directory is %s; relative paths start there. Files stay from one turn of \
        this session to the next. %s
        Commands have no terminal and no standard input: use flags that make them ask nothing. \
        Start servers in the background, with their output in a file.

        # How to work
        - Look before you change: read what you are about to edit.
        - Calls that only read can be made together in one answer; they run in parallel.
        - Check what you did by running it, and say honestly what did not work.
        - When a result says that a call was interrupted, it may have run in part: look first.\
        """
                .formatted(
                        String.join(", ", tools),
                        WorkspaceSettings.DIRECTORY,
                        network(agent.workspace()));
    }

    private static String network(WorkspaceSettings workspace) {
        if (!workspace.internet().orElse(true)) {
            return "There is no network.";
        }
        String open =
                workspace.allow().isEmpty()
                        ? "The internet can be reached"
                        : "Of the network, only this can be reached: " + some(workspace.allow());
        return workspace.deny().isEmpty()
                ? open + "."
                : open + ", but not " + some(workspace.deny()) + ".";
    }

    private static String some(List<String> targets) {
        int more = targets.size() - TARGETS_MAX;
        String shown = String.join(", ", targets.subList(0, targets.size() - Math.max(0, more)));
        return more > 0 ? shown + " and " + more + " more" : shown;
    }

    /// Bodies in full as long as there is room, in the order of the definition.
    private static String skills(List<Skill> skills) {
        var text = new StringBuilder("# Skills\nFollow a skill where its description fits.");
        int room = SKILLS_CHARS_MAX;
        for (Skill skill : skills) {
            String body = Excerpt.head(skill.body().strip(), Math.min(SKILL_CHARS_MAX, room));
            room = Math.max(0, room - body.length());
            text.append("\n\n## ").append(skill.name()).append(": ").append(skill.description());
            if (!skill.tools().isEmpty()) {
                text.append("\nTools: ").append(String.join(", ", skill.tools()));
            }
            text.append('\n').append(body);
        }
        return text.toString();
    }
}
