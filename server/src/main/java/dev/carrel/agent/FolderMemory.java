package dev.carrel.agent;

import dev.carrel.tool.Memory;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The memories that a folder brings along: `memory.md` for all agents, and `memory/AGENT.md`.
/// `project` is empty without the one, `agents` holds the texts by agent. Line ends are LF.
public record FolderMemory(Optional<String> project, Map<String, String> agents) {
    static final String SHARED = "memory.md";

    private static final Pattern OWN = Pattern.compile("memory/([^/]+)\\.md");

    public FolderMemory {
        agents = Map.copyOf(agents);
    }

    public static FolderMemory none() {
        return new FolderMemory(Optional.empty(), Map.of());
    }

    /// Reads what is there; what is wrong with it is reported.
    static FolderMemory read(FolderFiles files, Set<String> agents, Problems problems) {
        Map<String, String> own = new TreeMap<>();
        for (String path : files.paths()) {
            Matcher match = OWN.matcher(path);
            if (match.matches()) {
                String agent = match.group(1);
                if (!agents.isEmpty() && !agents.contains(agent)) {
                    String hint = Problems.hint(agent, agents);
                    problems.add(path, "there is no agent \"" + agent + "\"" + hint);
                }
                text(files, path, problems).ifPresent(text -> own.put(agent, text));
            }
        }
        return new FolderMemory(text(files, SHARED, problems), own);
    }

    private static Optional<String> text(FolderFiles files, String path, Problems problems) {
        Optional<String> text = files.text(path).filter(found -> !found.isBlank());
        text.filter(found -> found.getBytes(StandardCharsets.UTF_8).length > Memory.BYTES_MAX)
                .ifPresent(_ ->
                        problems.add(path, "is larger than " + Memory.BYTES_MAX / 1024 + " KiB"));
        return text;
    }
}
