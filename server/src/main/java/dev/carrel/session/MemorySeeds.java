package dev.carrel.session;

import dev.carrel.agent.FolderMemory;
import dev.carrel.store.ProjectId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// What a deployment brings along for the memories of its project. A memory that nobody has changed
/// since the last deployment becomes what this one says; one that agents or people have changed
/// stays, and the answer names it. None is ever removed by a deployment.
final class MemorySeeds {
    static final String AUTHOR = "deployment";

    private MemorySeeds() {}

    /// Returns the memories that have stayed although the deployment has a new text for them. Runs
    /// in its caller's transaction.
    static List<MemoryName> plant(
            Handle handle, ProjectId project, FolderMemory memory, Instant now) {
        List<MemoryName> kept = new ArrayList<>();
        seeds(memory)
                .forEach((name, seed) -> {
                    var change = new MemoryRows.Change(seed, AUTHOR, Optional.empty(), now);
                    Optional<StoredMemory> found = MemoryRows.find(handle, project, name);
                    if (found.isEmpty()) {
                        MemoryRows.setSeed(
                                handle, MemoryRows.insert(handle, project, name, change), seed);
                    } else if (!MemoryRows.seed(handle, found.get()).equals(seed)) {
                        MemoryRows.setSeed(handle, found.get(), seed);
                        if (found.get().author().equals(AUTHOR)) {
                            MemoryRows.update(handle, project, found.get(), change);
                        } else if (!found.get().text().equals(seed)) {
                            kept.add(name);
                        }
                    }
                });
        return kept;
    }

    private static Map<MemoryName, String> seeds(FolderMemory memory) {
        var seeds = new LinkedHashMap<MemoryName, String>();
        memory.project().ifPresent(text -> seeds.put(MemoryName.PROJECT, text));
        memory.agents().forEach((agent, text) -> seeds.put(MemoryName.agent(agent), text));
        return seeds;
    }
}
