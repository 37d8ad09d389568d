package dev.carrel.openai;

import dev.carrel.agent.TurnId;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ToolSpec;
import dev.carrel.session.NewSession;
import dev.carrel.session.Session;
import dev.carrel.session.SessionId;
import dev.carrel.session.SessionState;
import dev.carrel.session.Sessions;
import dev.carrel.session.Subscription;
import dev.carrel.store.ProjectId;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// A turn that was just started, and its reader. Closing it ends the reading, never the turn. Used
/// by one thread.
final class FollowedTurn implements AutoCloseable {
    private final Sessions sessions;
    private final ProjectId project;
    private final SessionId session;
    private final TurnId turn;
    private final Subscription subscription;
    private final TurnParts parts;
    private final Duration approvalWait;
    private long lastPart = System.nanoTime();
    private boolean over;

    private FollowedTurn(
            Sessions sessions,
            Session session,
            TurnId turn,
            Subscription subscription,
            TurnParts parts,
            Duration approvalWait) {
        this.sessions = sessions;
        this.project = session.project();
        this.session = session.id();
        this.turn = turn;
        this.subscription = subscription;
        this.parts = parts;
        this.approvalWait = approvalWait;
    }

    /// Starts the turn that `task` asks for. A session that was made for it does not stay when that
    /// fails. While a call waits for somebody's word, and nothing else is to be told, the reading
    /// goes on for `approvalWait` only.
    static FollowedTurn start(
            Sessions sessions, ProjectId project, ChatTask task, Duration approvalWait) {
        if (task.session().isPresent()) {
            Session session = sessions.get(project, task.session().get());
            requireFits(session, task);
            return start(sessions, session, task, approvalWait);
        }
        var newSession =
                new NewSession(task.agent(), task.user(), task.metadata(), Optional.empty());
        Session session = sessions.create(project, newSession);
        try {
            return start(sessions, session, task, approvalWait);
        } catch (CarrelException e) {
            sessions.delete(project, session.id());
            throw e;
        }
    }

    /// Listens before it sends: nothing of the turn is missed.
    private static FollowedTurn start(
            Sessions sessions, Session session, ChatTask task, Duration approvalWait) {
        Subscription subscription =
                sessions.subscribe(session.project(), session.id(), session.lastEvent());
        try {
            TurnId turn = sessions.send(session.project(), session.id(), task.input());
            var callerTools =
                    task.input().callerTools().stream()
                            .map(ToolSpec::name)
                            .collect(Collectors.toSet());
            return new FollowedTurn(
                    sessions,
                    session,
                    turn,
                    subscription,
                    new TurnParts(turn, callerTools),
                    approvalWait);
        } catch (RuntimeException e) {
            subscription.close();
            throw e;
        }
    }

    private static void requireFits(Session session, ChatTask task) {
        if (!session.agent().equals(task.agent())) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "model",
                    "session "
                            + session.id()
                            + " belongs to agent \""
                            + session.agent()
                            + "\", not \""
                            + task.agent()
                            + "\": name that agent, or start a new session");
        }
        boolean anothers =
                session.user().isPresent()
                        && task.user().isPresent()
                        && !session.user().equals(task.user());
        if (anothers) {
            throw CarrelException.ofParam(
                    ErrorCode.FORBIDDEN,
                    "user",
                    "session " + session.id() + " does not belong to this user");
        }
    }

    SessionId session() {
        return session;
    }

    TurnId turn() {
        return turn;
    }

    /// Whether [#next] has given the turn's last part.
    boolean isOver() {
        return over;
    }

    /// What came next, in order; nothing when nothing came within `timeout`, and now and then
    /// earlier. A failure to read on is the last part, too: the turn itself is not concerned.
    List<Part> next(Duration timeout) throws InterruptedException {
        try {
            Duration wait = timeout.compareTo(approvalWait) < 0 ? timeout : approvalWait;
            List<Part> next = subscription.next(wait).map(parts::of).orElse(List.of());
            if (next.isEmpty() && hasWaitedForApproval()) {
                next = List.of(parts.awaitingApproval());
            } else if (!next.isEmpty()) {
                lastPart = System.nanoTime();
            }
            over = !next.isEmpty() && isLast(next.getLast());
            return next;
        } catch (CarrelException e) {
            over = true;
            return List.of(new Part.Failure(e.code(), e.text()));
        }
    }

    /// The call that waits may be one of an earlier turn, behind which this one stands.
    private boolean hasWaitedForApproval() {
        if (System.nanoTime() - lastPart < approvalWait.toNanos()) {
            return false;
        }
        lastPart = System.nanoTime(); // it costs a look into the database: not each time
        return sessions.get(project, session).state() == SessionState.AWAITING_APPROVAL;
    }

    private static boolean isLast(Part part) {
        return part instanceof Part.End || part instanceof Part.Failure;
    }

    void interrupt() {
        sessions.interrupt(project, session, turn);
    }

    @Override
    public void close() {
        subscription.close();
    }
}
