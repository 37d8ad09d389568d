package dev.carrel.session;

import dev.carrel.agent.AgentDefinition;
import dev.carrel.store.ProjectId;
import java.time.Instant;
import java.util.List;

/// The agents of each project, in versions: each deployment replaces all agents of its project at
/// once.
public final class Deployments {
    /// A deployment; versions count from 1 in each project.
    public record Deployment(int version, Instant createdAt, List<String> agents) {}

    public Deployment deploy(ProjectId project, List<AgentDefinition> agents) {
        throw new IllegalStateException("not built yet");
    }

    /// Newest first.
    public List<Deployment> list(ProjectId project) {
        throw new IllegalStateException("not built yet");
    }

    /// The agents of the newest deployment; empty if there was none.
    public List<AgentDefinition> agents(ProjectId project) {
        throw new IllegalStateException("not built yet");
    }

    /// Fails with `AGENT_NOT_FOUND`, naming the nearest agent there is.
    public AgentDefinition agent(ProjectId project, String name) {
        throw new IllegalStateException("not built yet");
    }

    /// The agent as it was in deployment `version`.
    public AgentDefinition agent(ProjectId project, String name, int version) {
        throw new IllegalStateException("not built yet");
    }
}
