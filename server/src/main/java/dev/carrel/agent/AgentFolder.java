package dev.carrel.agent;

import dev.carrel.agent.SkillFile.ToolName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Reads the contents of a `.carrel` folder.
public final class AgentFolder {
    private static final Pattern SKILL = Pattern.compile("skills/([^/]+)/(.+)");

    /// Files of the folder that have a meaning and are not built yet.
    private static final Set<String> LATER = Set.of("triggers.json", "carrel.json");

    /// Tools that agents may ask for one day.
    private static final Set<String> TOOLS_LATER = Set.of("search_web");

    private final Problems problems = new Problems();
    private final FolderFiles files;
    private final Set<String> tools;
    private final Set<String> providers;
    private final WorkspaceCheck workspaces;

    private AgentFolder(
            Map<String, byte[]> files,
            Set<String> tools,
            Set<String> providers,
            WorkspaceCheck workspaces) {
        this.files = new FolderFiles(files, problems);
        this.tools = tools;
        this.providers = providers;
        this.workspaces = workspaces;
    }

    /// What a folder holds.
    public record Contents(List<AgentDefinition> agents, FolderMemory memory) {
        public Contents {
            agents = List.copyOf(agents);
        }
    }

    /// Reads a folder given as relative path → content, such as `agents.json` and
    /// `skills/code-standards/SKILL.md`. Fails with `INVALID_DEFINITION`; the message has a line
    /// for each problem, which names file, line, what is wrong and the nearest match for an unknown
    /// key, tool, skill or provider. Files that mean nothing are ignored.
    public static Contents read(
            Map<String, byte[]> files,
            Set<String> tools,
            Set<String> providers,
            WorkspaceCheck workspaces) {
        return new AgentFolder(files, tools, providers, workspaces).read();
    }

    private Contents read() {
        for (String path : files.paths()) {
            if (LATER.contains(path)) {
                problems.add(path, "is not supported yet; leave it out");
            }
        }
        Map<String, Skill> skills = skills();
        List<AgentDefinition> agents =
                files.text(AgentsFile.NAME)
                        .map(
                                new AgentsFile(
                                                skills,
                                                providers,
                                                this::checkTool,
                                                workspaces,
                                                problems)
                                        ::read)
                        .orElseGet(this::withoutAgents);
        Set<String> names = agents.stream().map(AgentDefinition::name).collect(Collectors.toSet());
        FolderMemory memory = FolderMemory.read(files, names, problems);
        problems.throwIfAny();
        return new Contents(agents, memory);
    }

    private List<AgentDefinition> withoutAgents() {
        List<String> paths = new ArrayList<>();
        files.paths().forEach(paths::add);
        if (!paths.contains(AgentsFile.NAME)) { // Else it is unusable, and that is reported.
            String hint = Problems.hint(AgentsFile.NAME, paths);
            problems.add(AgentsFile.NAME, "is missing" + hint);
        }
        return List.of();
    }

    private Map<String, Skill> skills() {
        Map<String, Skill> skills = new TreeMap<>();
        for (String path : files.paths()) {
            Matcher match = SKILL.matcher(path);
            if (!match.matches()) {
                continue;
            }
            String folder = match.group(1);
            if (match.group(2).equals("SKILL.md")) {
                var reader = new SkillFile(path, folder, problems, this::checkTool);
                files.text(path).flatMap(reader::read).ifPresent(s -> skills.put(folder, s));
            } else {
                problems.add(path, "files beside SKILL.md are not supported yet; leave them out");
            }
        }
        return skills;
    }

    private void checkTool(ToolName tool) {
        String name = tool.name();
        if (tools.stream().anyMatch(known -> Toolbox.matches(name, known))) {
            return;
        }
        String problem =
                TOOLS_LATER.contains(name)
                        ? "tool \"" + name + "\" is not supported yet, in " + tool.where()
                        : name.endsWith("*")
                                ? "no tool matches \"" + name + "\" in " + tool.where()
                                : "unknown tool \""
                                        + name
                                        + "\" in "
                                        + tool.where()
                                        + Problems.hint(name, tools);
        problems.add(tool.file(), tool.line(), problem);
    }
}
