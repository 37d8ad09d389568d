package dev.carrel.agent;

import java.util.List;
import java.util.Map;
import java.util.Set;

/// Reads the contents of a `.carrel` folder.
public final class AgentFolder {
    private AgentFolder() {}

    /// Reads the agents of a folder given as relative path → content, such as `agents.json` and
    /// `skills/code-standards/SKILL.md`. Fails with `INVALID_DEFINITION`; the message names file,
    /// line, what is wrong and the nearest match for an unknown key, tool, skill or provider.
    public static List<AgentDefinition> read(
            Map<String, byte[]> files, Set<String> tools, Set<String> providers) {
        throw new IllegalStateException("not built yet");
    }
}
