package dev.carrel.session;

import dev.carrel.agent.AgentDefinition;
import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.agent.TurnId;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.Usage;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.store.Cursor;
import dev.carrel.store.Page;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jdbi.v3.core.Handle;

/// All sessions and their journals. Every call looks the id up together with the project and fails
/// with `SESSION_NOT_FOUND` otherwise. Any thread may call it.
public final class Sessions implements AutoCloseable {
    /// Messages that steer one turn and that its model has not seen.
    static final int STEERING_MESSAGES_MAX = 16;

    private static final int PAGE_CHARS_MAX = 4 << 20;
    private static final Duration DELETE_WAIT_MAX = Duration.ofSeconds(5);

    private final Store store;
    private final Deployments deployments;
    private final SessionSettings settings;
    private final InstantSource clock;
    private final Hub hub;
    private final TurnQueue turns;
    private final SessionApprovals approvals;

    public Sessions(
            Store store, Deployments deployments, SessionSettings settings, InstantSource clock) {
        this.store = store;
        this.deployments = deployments;
        this.settings = settings;
        this.clock = clock;
        this.hub = new Hub(settings.subscribersPerSessionMax());
        this.turns = new TurnQueue(store, hub, clock, settings.budgets());
        this.approvals = new SessionApprovals(store, hub, turns, clock);
    }

    /// Fails with `AGENT_NOT_FOUND`, `TOO_MANY_SESSIONS`, or `INVALID_REQUEST` when user or
    /// metadata are too large, or a user is needed. That a sandbox given exists is for the caller
    /// to check.
    public Session create(ProjectId project, NewSession session) {
        Inputs.requireValid(session);
        AgentDefinition agent = deployments.agent(project, session.agent());
        Optional<SharedWorkspace> workspace = SharedWorkspace.of(agent, session);
        var key = new SessionKey(project, SessionId.next());
        var created = new Event.SessionCreated(session.agent(), session.user(), session.metadata());
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        return store.write(handle -> {
            requireRoom(handle, project);
            Spending.forget(handle, now);
            SessionRows.insert(handle, key, session.sandbox(), workspace, now);
            Lineage.begin(handle, key.id());
            EventRows.append(handle, key, Optional.empty(), created, now);
            return SessionRows.require(handle, key);
        });
    }

    public Session get(ProjectId project, SessionId id) {
        return store.read(handle -> SessionRows.require(handle, new SessionKey(project, id)));
    }

    /// Newest first. Fails with `INVALID_REQUEST` for a limit out of range or a cursor that no list
    /// gave.
    public Page<Session> list(ProjectId project, int limit, Optional<String> cursor) {
        Page.checkLimit(limit);
        Cursor before = Cursor.parse(cursor);
        List<Session> found =
                store.read(handle -> SessionRows.list(handle, project, before, limit + 1));
        return Page.of(found, limit, s -> Cursor.of(s.createdAt(), s.id().value()));
    }

    /// Ends a running turn and removes the session with its journal; the caller removes its
    /// sandbox, which the turn has let go of by then, unless a tool did not stop within seconds.
    public void delete(ProjectId project, SessionId id) {
        var key = new SessionKey(project, id);
        List<TurnRows.Open> open =
                store.write(handle -> {
                    SessionRows.require(handle, key);
                    List<TurnRows.Open> found = TurnRows.open(handle, id);
                    SessionRows.delete(handle, key);
                    return found;
                });
        hub.end(key);
        turns.kept().forget(id);
        open.stream().flatMap(turn -> turns.held(turn.turn()).stream()).forEach(Sessions::stop);
    }

    /// Appends the input and queues a turn, durably and in one step. A turn that is queued or
    /// running is not disturbed: this one comes after it. Returns the turn that answers. Fails with
    /// `CONFLICT` when a caller result answers no open call; calls left without a result are void
    /// from then on. Fails with `SESSION_BUSY` when too many turns wait, with `BODY_TOO_LARGE` when
    /// the input is too long, with `BUDGET_EXCEEDED` when the session, its user or project have
    /// spent what they may.
    public TurnId send(ProjectId project, SessionId id, TurnInput input) {
        return send(project, id, input, Delivery.QUEUE);
    }

    /// The same, with a say in what becomes of a turn that runs. One that is to be interrupted is,
    /// also when the input is refused for want of room or money.
    public TurnId send(ProjectId project, SessionId id, TurnInput input, Delivery delivery) {
        Inputs.requireValid(input, settings.messageBytesMax());
        var key = new SessionKey(project, id);
        Sent sent = store.write(handle -> sendIn(handle, key, input, delivery));
        sent.interrupted().flatMap(turns::held).ifPresent(l -> l.cancellation().cancel());
        sent.entries().forEach(entry -> hub.publish(id, entry));
        turns.announce();
        return sent.turn().orElseThrow(() -> sent.refusal().orElseThrow());
    }

    /// Ends the session's current turn: the one that runs, or else the one that would run next.
    /// What it did stays, and turns that wait behind it go on. Does nothing when there is none. A
    /// running turn ends soon, a waiting one at once.
    public void interrupt(ProjectId project, SessionId id) {
        interrupt(new SessionKey(project, id), _ -> true);
    }

    /// Ends one turn in the same way, wherever it stands in the queue. Does nothing when it has
    /// ended already.
    public void interrupt(ProjectId project, SessionId id, TurnId turn) {
        interrupt(new SessionKey(project, id), open -> open.turn().equals(turn));
    }

    private void interrupt(SessionKey key, Predicate<TurnRows.Open> which) {
        Interrupted interrupted = store.write(handle -> interruptIn(handle, key, which));
        interrupted.running().flatMap(turns::held).ifPresent(l -> l.cancellation().cancel());
        interrupted.waiting().ifPresent(entry -> hub.publish(key.id(), entry));
        turns.announce();
    }

    /// Entries with a sequence number above `after`, oldest first: at most `limit`, and fewer when
    /// they are long, but none only at the journal's end.
    public List<StreamItem.Recorded> events(
            ProjectId project, SessionId id, long after, int limit) {
        var key = new SessionKey(project, id);
        return store.read(handle -> {
            SessionRows.require(handle, key);
            return EventRows.between(
                    handle, id, after, Long.MAX_VALUE, new EventRows.Bounds(limit, PAGE_CHARS_MAX));
        });
    }

    /// Every entry above `after`, exactly once and in order, then live ones as they happen. Fails
    /// with `RATE_LIMITED` when the session has too many readers.
    public Subscription subscribe(ProjectId project, SessionId id, long after) {
        return Reader.open(store, hub, new SessionKey(project, id), after);
    }

    /// Remembers the sandbox that was made for a session. False, and nothing is changed, when the
    /// session is gone or has a sandbox.
    public boolean bindSandbox(ProjectId project, SessionId id, SandboxId sandbox) {
        var key = new SessionKey(project, id);
        return store.write(handle -> SessionRows.bindSandbox(handle, key, sandbox));
    }

    /// The turns of all sessions, for whoever runs them.
    public TurnQueue turns() {
        return turns;
    }

    /// Calls that wait for somebody's word.
    public SessionApprovals approvals() {
        return approvals;
    }

    /// Ends all subscriptions with `UNAVAILABLE`; new ones are refused from now on.
    @Override
    public void close() {
        hub.close();
    }

    Store store() {
        return store;
    }

    InstantSource clock() {
        return clock;
    }

    Deployments deployments() {
        return deployments;
    }

    /// Tells the readers of entries that are durable.
    void publish(SessionId id, StreamItem.Recorded entry) {
        hub.publish(id, entry);
    }

    /// `interrupted` is a turn that was running. Without a turn that answers, the input was
    /// refused.
    private record Sent(
            Optional<TurnId> turn,
            List<StreamItem.Recorded> entries,
            Optional<TurnId> interrupted,
            Optional<CarrelException> refusal) {}

    private Sent sendIn(Handle handle, SessionKey key, TurnInput input, Delivery delivery) {
        SessionRows.require(handle, key);
        Optional<TurnId> running =
                TurnRows.open(handle, key.id()).stream()
                        .filter(turn -> turn.running() && !turn.ending())
                        .map(TurnRows.Open::turn)
                        .findFirst();
        if (delivery == Delivery.STEER && running.isPresent()) {
            List<Event> events = Inputs.steering(input);
            Spending.requireRoom(handle, key, settings.budgets(), clock.instant());
            Inputs.requireSteeringRoom(handle, key.id(), running.get(), events.size());
            return sent(handle, key, running.get(), events, Optional.empty());
        }
        Optional<TurnId> interrupted = delivery == Delivery.INTERRUPT ? running : Optional.empty();
        interrupted.ifPresent(turn -> TurnRows.requestCancel(handle, turn));
        try {
            Inputs.requireQueueRoom(handle, key.id(), settings.queuedTurnsPerSessionMax());
            Spending.requireRoom(handle, key, settings.budgets(), clock.instant());
        } catch (CarrelException e) {
            // Whoever wants a turn to end gets that, also where there is no room for a next one.
            return new Sent(Optional.empty(), List.of(), interrupted, Optional.of(e));
        }
        List<Event> events = Inputs.events(handle, key, input);
        TurnId turn = TurnRows.queue(handle, key, clock.instant());
        return sent(handle, key, turn, events, interrupted);
    }

    private Sent sent(
            Handle handle,
            SessionKey key,
            TurnId turn,
            List<Event> events,
            Optional<TurnId> interrupted) {
        Instant now = clock.instant();
        return new Sent(
                Optional.of(turn),
                events.stream()
                        .map(event -> EventRows.append(handle, key, Optional.of(turn), event, now))
                        .toList(),
                interrupted,
                Optional.empty());
    }

    /// The turn that runs, or the last entry of the one that waited.
    private record Interrupted(Optional<TurnId> running, Optional<StreamItem.Recorded> waiting) {}

    private Interrupted interruptIn(Handle handle, SessionKey key, Predicate<TurnRows.Open> which) {
        SessionRows.require(handle, key);
        Optional<TurnRows.Open> current =
                TurnRows.open(handle, key.id()).stream().filter(which).findFirst();
        if (current.isEmpty()) {
            return new Interrupted(Optional.empty(), Optional.empty());
        }
        TurnId turn = current.get().turn();
        if (current.get().running()) {
            TurnRows.requestCancel(handle, turn);
            return new Interrupted(Optional.of(turn), Optional.empty());
        }
        var end = new Event.TurnCompleted(StopReason.INTERRUPTED, 0, Usage.NONE, Optional.empty());
        TurnRows.complete(handle, turn);
        return new Interrupted(
                Optional.empty(),
                Optional.of(
                        EventRows.append(handle, key, Optional.of(turn), end, clock.instant())));
    }

    void requireRoom(Handle handle, ProjectId project) {
        if (SessionRows.count(handle, project) >= settings.sessionsPerProjectMax()) {
            throw new CarrelException(
                    ErrorCode.TOO_MANY_SESSIONS,
                    "project "
                            + project
                            + " has "
                            + settings.sessionsPerProjectMax()
                            + " sessions, the most it may have: delete some");
        }
    }

    private static void stop(Lease lease) {
        lease.cancellation().cancel();
        try {
            lease.awaitEnd(DELETE_WAIT_MAX);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
