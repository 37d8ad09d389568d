package dev.carrel.session;

import dev.carrel.agent.AgentDefinition;
import dev.carrel.agent.Cut;
import dev.carrel.agent.Event;
import dev.carrel.agent.FilesThen;
import dev.carrel.agent.StopReason;
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
import java.util.OptionalLong;
import org.jdbi.v3.core.Handle;

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

    /// Sums up what stands before the newest `answers` answers, and all but `messages` messages.
    static void sumUp(SessionJournal journal, int answers, int messages) {
        var usage = new Usage(100, 10, 0, 0, 0);
        long from = journal.numberOfAnswer(answers);
        cut(journal, new Cut.Summary(answers, messages, from, "was", usage, Duration.ZERO));
    }

    static void cut(SessionJournal journal, Cut cut) {
        journal.append(new Event.Compaction("a/b", cut, 100, 10, OptionalLong.empty()));
    }

    static void end(SessionJournal journal, StopReason reason) {
        journal.append(new Event.TurnCompleted(reason, 1, Usage.NONE, Optional.empty()));
    }

    /// Appends an entry of no turn.
    StreamItem.Recorded append(Handle handle, SessionId session, Event event) {
        var key = new SessionKey(PROJECT, session);
        return EventRows.append(handle, key, Optional.empty(), event, clock.instant());
    }

    /// The conversation alone goes back, as with [SessionTravels].
    void rewind(SessionId session, long to) {
        var back = new Event.SessionRewound(to, new FilesThen.Left());
        store.write(handle -> append(handle, session, back));
    }

    /// The conversation alone, as with [SessionTravels].
    SessionId fork(SessionId from, long at) {
        var key = new SessionKey(PROJECT, SessionId.next());
        var forked = new Event.SessionForked(from.value(), at, new FilesThen.Left());
        store.write(handle -> {
            SessionRows.insert(handle, key, Optional.empty(), Optional.empty(), clock.instant());
            Lineage.fork(handle, from, key, at);
            return append(handle, key.id(), forked);
        });
        return key.id();
    }

    @Override
    public void close() {
        sessions.close();
        store.close();
    }
}
