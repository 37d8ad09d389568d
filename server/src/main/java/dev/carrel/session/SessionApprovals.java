package dev.carrel.session;

import dev.carrel.agent.Conversation;
import dev.carrel.agent.Event;
import dev.carrel.agent.TurnId;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// Tool calls that wait for somebody's word, and the words. A turn that waits is nobody's, for as
/// long as it takes: a word makes it claimable again. Any thread may call it.
public final class SessionApprovals {
    private final Store store;
    private final Hub hub;
    private final TurnQueue turns;
    private final InstantSource clock;

    SessionApprovals(Store store, Hub hub, TurnQueue turns, InstantSource clock) {
        this.store = store;
        this.hub = hub;
        this.turns = turns;
        this.clock = clock;
    }

    /// In the order of asking. Fails with `SESSION_NOT_FOUND`.
    public List<PendingApproval> pending(ProjectId project, SessionId id) {
        var key = new SessionKey(project, id);
        return store.read(handle -> {
            SessionRows.require(handle, key);
            return TurnRows.running(handle, id)
                    .map(turn -> pending(EventRows.lastStep(handle, id, turn.turn())))
                    .orElse(List.of());
        });
    }

    /// Durable when this returns. The same word twice is one; with `forSession` it counts for all
    /// calls that wait for the same reason. Fails with `APPROVAL_NOT_FOUND` when nobody has asked
    /// about such a call, with `CONFLICT` when something else was said before, or it is too late.
    public void decide(ProjectId project, SessionId id, String call, ApprovalDecision decision) {
        if (decision.reason().length() > ApprovalDecision.REASON_CHARS_MAX) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "reason",
                    "reason has more than " + ApprovalDecision.REASON_CHARS_MAX + " characters");
        }
        var key = new SessionKey(project, id);
        store.write(handle -> decideIn(handle, key, call, decision))
                .forEach(entry -> hub.publish(id, entry));
        turns.announce();
    }

    private List<StreamItem.Recorded> decideIn(
            Handle handle, SessionKey key, String call, ApprovalDecision decision) {
        SessionRows.require(handle, key);
        Optional<TurnRows.Open> turn = TurnRows.running(handle, key.id());
        List<PendingApproval> waiting =
                turn.map(open -> pending(EventRows.lastStep(handle, key.id(), open.turn())))
                        .orElse(List.of());
        Optional<PendingApproval> asked = find(waiting, call);
        if (asked.isEmpty()) {
            requireSaidBefore(handle, key, call, decision, waiting);
            return List.of();
        }
        if (turn.orElseThrow().ending()) {
            throw tooLate(key, call);
        }
        TurnRows.wake(handle, turn.get().turn());
        List<PendingApproval> meant =
                waiting.stream().filter(other -> covers(asked.get(), decision, other)).toList();
        return append(handle, key, turn.get().turn(), meant, decision);
    }

    private static Optional<PendingApproval> find(List<PendingApproval> waiting, String call) {
        return waiting.stream().filter(pending -> pending.callId().equals(call)).findFirst();
    }

    private static boolean covers(
            PendingApproval asked, ApprovalDecision decision, PendingApproval other) {
        return asked.callId().equals(other.callId())
                || (decision.forSession()
                        && asked.tool().equals(other.tool())
                        && asked.pattern().equals(other.pattern()));
    }

    private List<StreamItem.Recorded> append(
            Handle handle,
            SessionKey key,
            TurnId turn,
            List<PendingApproval> meant,
            ApprovalDecision decision) {
        Instant now = clock.instant();
        return meant.stream()
                .map(pending ->
                        EventRows.append(
                                handle,
                                key,
                                Optional.of(turn),
                                new Event.ApprovalDecided(
                                        pending.callId(),
                                        pending.tool(),
                                        pending.pattern(),
                                        decision.allowed(),
                                        decision.forSession(),
                                        decision.reason()),
                                now))
                .toList();
    }

    /// The calls without a word in the last step of a turn that has not ended.
    private static List<PendingApproval> pending(List<StreamItem.Recorded> step) {
        List<Event> events = step.stream().map(StreamItem.Recorded::event).toList();
        return Conversation.of(events).approvals().waiting().stream()
                .map(request ->
                        new PendingApproval(
                                request.callId(),
                                request.tool(),
                                request.arguments(),
                                request.pattern(),
                                time(step, request)))
                .toList();
    }

    private static Instant time(List<StreamItem.Recorded> step, Event request) {
        return step.stream()
                .filter(entry -> entry.event().equals(request))
                .findFirst()
                .orElseThrow()
                .time();
    }

    private static void requireSaidBefore(
            Handle handle,
            SessionKey key,
            String call,
            ApprovalDecision decision,
            List<PendingApproval> waiting) {
        List<Event> history = EventRows.approvalsOf(handle, key.id(), call);
        Optional<ApprovalDecision> said =
                history.stream()
                        .filter(Event.ApprovalDecided.class::isInstance)
                        .map(Event.ApprovalDecided.class::cast)
                        .map(e -> new ApprovalDecision(e.allowed(), e.forSession(), e.reason()))
                        .findFirst();
        if (said.isPresent()) {
            requireSame(said.get(), decision, call);
        } else if (!history.isEmpty()) {
            throw tooLate(key, call);
        } else {
            throw notAsked(key, call, waiting);
        }
    }

    private static void requireSame(ApprovalDecision said, ApprovalDecision now, String call) {
        if (said.allowed() != now.allowed() || said.forSession() != now.forSession()) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "call "
                            + call
                            + " was decided before (\""
                            + said.wireName()
                            + "\"), which stays: interrupt the session if it must not go on");
        }
    }

    private static CarrelException tooLate(SessionKey key, String call) {
        return new CarrelException(
                ErrorCode.CONFLICT,
                "call "
                        + call
                        + " of session "
                        + key.id()
                        + " was interrupted before anybody decided: it does not run any more");
    }

    private static CarrelException notAsked(
            SessionKey key, String call, List<PendingApproval> waiting) {
        List<String> calls = waiting.stream().map(PendingApproval::callId).toList();
        return new CarrelException(
                ErrorCode.APPROVAL_NOT_FOUND,
                "session "
                        + key.id()
                        + " does not ask about call "
                        + call
                        + (calls.isEmpty()
                                ? ": nothing waits for approval"
                                : ": these wait: " + String.join(", ", calls)));
    }
}
