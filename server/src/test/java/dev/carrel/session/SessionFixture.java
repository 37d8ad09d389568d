package dev.carrel.session;

import dev.carrel.agent.AgentDefinition;
import dev.carrel.agent.Event;
import dev.carrel.auth.Keys;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.ModelRef;
import dev.carrel.model.Reasoning;
import dev.carrel.model.ToolCall;
import dev.carrel.model.Usage;
import dev.carrel.store.ProjectId;
import dev.carrel.store.SettableClock;
import dev.carrel.store.Store;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A store with one project and one agent, and sessions in it.
public final class SessionFixture implements AutoCloseable {
    public static final ProjectId PROJECT = Keys.DEFAULT_PROJECT;
    public static final ProjectId OTHER_PROJECT = new ProjectId("other");
    public static final Duration LEASE = Duration.ofSeconds(30);

    public final SettableClock clock = SettableClock.atNoon();
    public final Store store;
    public final Deployments deployments;
    public final Sessions sessions;

    public SessionFixture(Path home) {
        this(home, SessionSettings.DEFAULT);
    }

    public SessionFixture(Path home, SessionSettings settings) {
        this(Store.open(home.resolve("carrel.db")), settings);
    }

    public SessionFixture(Store store, SessionSettings settings) {
        this.store = store;
        var keys = new Keys(store, clock);
        keys.ensureProject(PROJECT);
        keys.ensureProject(OTHER_PROJECT);
        deployments = new Deployments(store, clock);
        sessions = new Sessions(store, deployments, settings, clock);
        if (deployments.newest(PROJECT).isEmpty()) {
            deployments.deploy(PROJECT, List.of(agent("coder")));
        }
    }

    public static AgentDefinition agent(String name) {
        return AgentDefinition.of(name, ModelRef.parse("scripted/any"))
                .role(Optional.of("Engineer."))
                .reasoning(Reasoning.MEDIUM)
                .build();
    }

    public SessionId newSession() {
        return sessions.create(
                        PROJECT,
                        new NewSession("coder", Optional.empty(), Map.of(), Optional.empty()))
                .id();
    }

    public List<Event> events(SessionId session) {
        return sessions.events(PROJECT, session, 0, Integer.MAX_VALUE).stream()
                .map(StreamItem.Recorded::event)
                .toList();
    }

    public Session session(SessionId id) {
        return sessions.get(PROJECT, id);
    }

    /// The first claimable turn, as a worker would take it.
    public Lease claim() {
        return sessions.turns().claim(1, LEASE).getFirst();
    }

    static Event.AssistantMessage answer(String text, ToolCall... calls) {
        return new Event.AssistantMessage(
                1,
                new Message.Assistant(text, "", Optional.empty(), List.of(calls)),
                calls.length == 0 ? FinishReason.STOP : FinishReason.TOOL_CALLS,
                new Usage(10, 2, 0, 0, 0),
                "any",
                Duration.ofMillis(3));
    }

    @Override
    public void close() {
        sessions.close();
        store.close();
    }
}
