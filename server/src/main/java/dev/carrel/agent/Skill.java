package dev.carrel.agent;

import java.util.List;

/// A SKILL.md: what the frontmatter says, and the Markdown after it.
public record Skill(
        String name, String description, List<String> tools, List<String> tags, String body) {
    public Skill {
        tools = List.copyOf(tools);
        tags = List.copyOf(tags);
    }
}
