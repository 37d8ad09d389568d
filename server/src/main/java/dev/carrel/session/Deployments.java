package dev.carrel.session;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import dev.carrel.agent.AgentDefinition;
import dev.carrel.agent.FolderMemory;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.error.Nearest;
import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.OptionalInt;
import org.jdbi.v3.core.Handle;

/// The agents of each project, in versions: each deployment replaces all agents of its project at
/// once. Any thread may call it.
public final class Deployments {
    /// Agents in one deployment.
    public static final int AGENTS_MAX = 256;

    /// Definitions outlive the server that stored them: what a later one adds must not stop an
    /// earlier one.
    private static final ObjectMapper MAPPER =
            JsonMapper.builder()
                    .addModule(new Jdk8Module())
                    .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .withConfigOverride(
                            List.class,
                            config ->
                                    config.setSetterInfo(
                                            JsonSetter.Value.forValueNulls(Nulls.AS_EMPTY)))
                    .build();

    private final Store store;
    private final InstantSource clock;
    private final Memories memories;

    public Deployments(Store store, InstantSource clock) {
        this.store = store;
        this.clock = clock;
        this.memories = new Memories(store, clock);
    }

    /// A deployment; versions count from 1 in each project. Agents are in the order of their
    /// definition.
    public record Deployment(int version, Instant createdAt, List<String> agents) {
        public Deployment {
            agents = List.copyOf(agents);
        }
    }

    /// What a deployment did. `memoriesKept` are those for which it brought a new text, and that
    /// stayed as agents or people have changed them.
    public record Deployed(Deployment deployment, List<MemoryName> memoriesKept) {
        public Deployed {
            memoriesKept = List.copyOf(memoriesKept);
        }
    }

    /// The memories of the projects, which deployments give their first text.
    public Memories memories() {
        return memories;
    }

    /// Fails with `INVALID_DEFINITION` for no agents, too many, or two of one name.
    public Deployment deploy(ProjectId project, List<AgentDefinition> agents) {
        return deploy(project, agents, FolderMemory.none()).deployment();
    }

    /// The same with first texts of memories.
    public Deployed deploy(ProjectId project, List<AgentDefinition> agents, FolderMemory memory) {
        List<String> names = agents.stream().map(AgentDefinition::name).toList();
        requireValid(names);
        List<String> definitions = agents.stream().map(Deployments::json).toList();
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        return store.write(handle -> {
            int version = newest(handle, project).orElse(0) + 1;
            insert(handle, project, version, now);
            for (int i = 0; i < names.size(); i++) {
                insertAgent(handle, new Row(project, version, i, names.get(i), definitions.get(i)));
            }
            return new Deployed(
                    new Deployment(version, now, names),
                    MemorySeeds.plant(handle, project, memory, now));
        });
    }

    /// Newest first.
    public List<Deployment> list(ProjectId project) {
        return store.read(handle ->
                handle
                        .createQuery(
                                """
                                select version, created_at from deployments
                                where project = :project order by version desc
                                """)
                        .bind("project", project.value())
                        .map((row, context) ->
                                new Deployment(
                                        row.getInt("version"),
                                        Micros.toInstant(row.getLong("created_at")),
                                        List.of()))
                        .list()
                        .stream()
                        .map(found ->
                                new Deployment(
                                        found.version(),
                                        found.createdAt(),
                                        names(handle, project, found.version())))
                        .toList());
    }

    /// The version of the newest deployment; empty if there was none.
    public OptionalInt newest(ProjectId project) {
        return store.read(handle -> newest(handle, project));
    }

    /// The agents of the newest deployment; empty if there was none.
    public List<AgentDefinition> agents(ProjectId project) {
        return store.read(handle -> {
            OptionalInt version = newest(handle, project);
            return version.isEmpty()
                    ? List.of()
                    : names(handle, project, version.getAsInt()).stream()
                            .map(name -> find(handle, project, name, version.getAsInt()))
                            .toList();
        });
    }

    /// Fails with `AGENT_NOT_FOUND`, naming the nearest agent there is.
    public AgentDefinition agent(ProjectId project, String name) {
        return store.read(handle -> {
            OptionalInt version = newest(handle, project);
            return find(handle, project, name, version.orElse(0));
        });
    }

    /// The agent as it was in deployment `version`. Fails with `AGENT_NOT_FOUND`.
    public AgentDefinition agent(ProjectId project, String name, int version) {
        return store.read(handle -> find(handle, project, name, version));
    }

    private static OptionalInt newest(Handle handle, ProjectId project) {
        int version =
                handle.createQuery(
                                """
                                select coalesce(max(version), 0) from deployments
                                where project = :project
                                """)
                        .bind("project", project.value())
                        .mapTo(Integer.class)
                        .one();
        return version == 0 ? OptionalInt.empty() : OptionalInt.of(version);
    }

    private static void insert(Handle handle, ProjectId project, int version, Instant now) {
        handle.createUpdate(
                        """
                        insert into deployments (project, version, created_at)
                        values (:project, :version, :now)
                        """)
                .bind("project", project.value())
                .bind("version", version)
                .bind("now", Micros.of(now))
                .execute();
    }

    private record Row(
            ProjectId project, int version, int position, String name, String definition) {}

    private static void insertAgent(Handle handle, Row row) {
        handle.createUpdate(
                        """
                        insert into agents (project, version, position, name, definition)
                        values (:project, :version, :position, :name, :definition)
                        """)
                .bind("project", row.project().value())
                .bind("version", row.version())
                .bind("position", row.position())
                .bind("name", row.name())
                .bind("definition", row.definition())
                .execute();
    }

    private static List<String> names(Handle handle, ProjectId project, int version) {
        return handle.createQuery(
                        """
                        select name from agents
                        where project = :project and version = :version order by position
                        """)
                .bind("project", project.value())
                .bind("version", version)
                .mapTo(String.class)
                .list();
    }

    private static AgentDefinition find(
            Handle handle, ProjectId project, String name, int version) {
        return handle.createQuery(
                        """
                        select definition from agents
                        where project = :project and version = :version and name = :name
                        """)
                .bind("project", project.value())
                .bind("version", version)
                .bind("name", name)
                .mapTo(String.class)
                .findOne()
                .map(Deployments::definition)
                .orElseThrow(() -> notFound(name, names(handle, project, version)));
    }

    private static CarrelException notFound(String name, List<String> known) {
        String hint =
                known.isEmpty()
                        ? "no agent is deployed yet: deploy one first"
                        : Nearest.to(name, known)
                                .map(near -> "did you mean \"" + near + "\"?")
                                .orElse("deployed are " + String.join(", ", known));
        return new CarrelException(
                ErrorCode.AGENT_NOT_FOUND, "agent \"" + name + "\" does not exist; " + hint);
    }

    private static void requireValid(List<String> names) {
        if (names.isEmpty() || names.size() > AGENTS_MAX) {
            throw new CarrelException(
                    ErrorCode.INVALID_DEFINITION,
                    "a deployment has 1 to " + AGENTS_MAX + " agents, not " + names.size());
        }
        if (names.stream().distinct().count() < names.size()) {
            throw new CarrelException(
                    ErrorCode.INVALID_DEFINITION,
                    "two agents of the deployment have the same name: " + String.join(", ", names));
        }
    }

    private static String json(AgentDefinition agent) {
        try {
            return MAPPER.writeValueAsString(agent);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("an agent's definition does not fit JSON", e);
        }
    }

    private static AgentDefinition definition(String json) {
        try {
            return MAPPER.readValue(json, AgentDefinition.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a stored agent's definition does not load", e);
        }
    }
}
