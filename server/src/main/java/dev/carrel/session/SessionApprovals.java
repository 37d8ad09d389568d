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
import java.util.function.Predicate;
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

    /// Durable when this returns. The same word twice is one; with `forSession` other calls that
    /// wait for the same reason do not wait for that any more. Fails with `APPROVAL_NOT_FOUND` when
    /// nobody has asked about such a call, with `CONFLICT` when something else was said before, or
    /// it is too late.
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
        var word =
                new Event.ApprovalDecided(
                        call,
                        asked.get().tool(),
                        asked.get().pattern(),
                        decision.allowed(),
                        decision.forSession(),
                        decision.reason(),
                        decision.by());
        Optional<TurnId> owner = turn.map(TurnRows.Open::turn);
        return List.of(EventRows.append(handle, key, owner, word, clock.instant()));
    }

    private static Optional<PendingApproval> find(List<PendingApproval> waiting, String call) {
        return waiting.stream().filter(pending -> pending.callId().equals(call)).findFirst();
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
        List<Event> history =
                EventRows.approvals(handle, key.id()).stream()
                        .map(StreamItem.Recorded::event)
                        .toList();
        Event.ApprovalRequested asked =
                newest(history, Event.ApprovalRequested.class, e -> e.callId().equals(call))
                        .orElseThrow(() -> notAsked(key, call, waiting));
        Optional<ApprovalDecision> said =
                newest(history, Event.ApprovalDecided.class, e -> e.callId().equals(call))
                        .map(e -> new ApprovalDecision(e.allowed(), e.forSession(), e.reason()));
        boolean granted =
                newest(history, Event.ApprovalDecided.class, e -> grants(e, asked)).isPresent();
        if (said.isPresent()) {
            requireSame(said.get(), decision, call);
        } else if (!granted) {
            throw tooLate(key, call);
        } else if (!decision.allowed()) {
            requireSame(ApprovalDecision.allowForSession(), decision, call);
        }
    }

    private static boolean grants(Event.ApprovalDecided word, Event.ApprovalRequested asked) {
        return word.forSession()
                && word.tool().equals(asked.tool())
                && word.pattern().equals(asked.pattern());
    }

    private static <E extends Event> Optional<E> newest(
            List<Event> history, Class<E> type, Predicate<E> which) {
        return history.stream()
                .filter(type::isInstance)
                .map(type::cast)
                .filter(which)
                .reduce((_, newest) -> newest);
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
