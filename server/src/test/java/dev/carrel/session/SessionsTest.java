package dev.carrel.session;

import static dev.carrel.session.SessionFixture.LEASE;
import static dev.carrel.session.SessionFixture.OTHER_PROJECT;
import static dev.carrel.session.SessionFixture.PROJECT;
import static dev.carrel.session.SessionFixture.answer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.carrel.agent.Conversation;
import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.agent.TurnId;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.Message;
import dev.carrel.model.ToolCall;
import dev.carrel.model.ToolSpec;
import dev.carrel.model.Usage;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.store.Page;
import dev.carrel.tool.ToolStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SessionsTest {
    @TempDir Path home;
    private SessionFixture fixture;
    private Sessions sessions;

    @BeforeEach
    void open() {
        fixture = new SessionFixture(home, new SessionSettings(5, 2, 1000, 4));
        sessions = fixture.sessions;
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void newSessionIsIdleAndItsJournalBeginsWithItsCreation() {
        var sandbox = SandboxId.next();
        Session session =
                sessions.create(
                        PROJECT,
                        new NewSession(
                                "coder",
                                Optional.of("ada"),
                                Map.of("k", "v"),
                                Optional.of(sandbox)));

        assertThat(session)
                .isEqualTo(
                        new Session(
                                session.id(),
                                PROJECT,
                                "coder",
                                Optional.of("ada"),
                                Map.of("k", "v"),
                                SessionState.IDLE,
                                Optional.of(sandbox),
                                Optional.empty(),
                                Usage.NONE,
                                1,
                                fixture.clock.instant(),
                                fixture.clock.instant(),
                                false));
        assertThat(fixture.session(session.id())).isEqualTo(session);
        assertThat(fixture.events(session.id()))
                .containsExactly(
                        new Event.SessionCreated("coder", Optional.of("ada"), Map.of("k", "v")));
    }

    @Test
    void unknownAgentIsRefusedWithTheNearestName() {
        var session = new NewSession("codr", Optional.empty(), Map.of(), Optional.empty());

        assertThatThrownBy(() -> sessions.create(PROJECT, session))
                .hasMessageContaining("did you mean \"coder\"?");
        assertCode(ErrorCode.AGENT_NOT_FOUND, () -> sessions.create(PROJECT, session));
    }

    @Test
    void sessionOfAnotherProjectIsNotFound() {
        SessionId id = fixture.newSession();
        Stream.<ThrowingCallable>of(
                        () -> sessions.get(OTHER_PROJECT, id),
                        () -> sessions.delete(OTHER_PROJECT, id),
                        () -> sessions.send(OTHER_PROJECT, id, TurnInput.ofMessage("hi")),
                        () -> sessions.interrupt(OTHER_PROJECT, id),
                        () -> sessions.events(OTHER_PROJECT, id, 0, 10),
                        () -> sessions.subscribe(OTHER_PROJECT, id, 0),
                        () -> sessions.get(PROJECT, SessionId.next()))
                .forEach(call -> assertCode(ErrorCode.SESSION_NOT_FOUND, call));
        assertThat(sessions.list(OTHER_PROJECT, 10, Optional.empty()).items()).isEmpty();
        assertThat(sessions.bindSandbox(OTHER_PROJECT, id, SandboxId.next())).isFalse();
    }

    @Test
    void listGivesEverySessionOnceNewestFirstOverPages() {
        var ids = new ArrayList<SessionId>();
        for (int i = 0; i < 5; i++) {
            ids.add(fixture.newSession());
            if (i % 2 == 0) {
                fixture.clock.tick(Duration.ofMillis(1));
            }
        }
        var found = new ArrayList<SessionId>();
        Optional<String> cursor = Optional.empty();
        do {
            Page<Session> page = sessions.list(PROJECT, 2, cursor);
            page.items().forEach(session -> found.add(session.id()));
            cursor = page.next();
        } while (cursor.isPresent());

        assertThat(found).containsExactlyInAnyOrderElementsOf(ids).doesNotHaveDuplicates();
        assertThat(found)
                .map(id -> fixture.session(id).createdAt())
                .isSortedAccordingTo(Comparator.reverseOrder());
    }

    @Test
    void sendingQueuesATurnBehindTheOthers() {
        SessionId id = fixture.newSession();
        TurnId first = sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        TurnId second = sessions.send(PROJECT, id, TurnInput.ofMessage("two"));

        assertThat(fixture.session(id).state()).isEqualTo(SessionState.QUEUED);
        assertThat(sessions.events(PROJECT, id, 1, 10))
                .extracting(StreamItem.Recorded::turn)
                .containsExactly(Optional.of(first), Optional.of(second));

        List<Lease> leases = sessions.turns().claim(10, LEASE);
        assertThat(leases).extracting(Lease::turn).containsExactly(first);
        assertThat(fixture.session(id).state()).isEqualTo(SessionState.RUNNING);

        complete(leases.getFirst(), StopReason.END);
        assertThat(fixture.claim().turn()).isEqualTo(second);
    }

    @Test
    void aSteeringMessageGoesToTheTurnThatRuns() {
        SessionId id = fixture.newSession();
        TurnId turn = sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        SessionJournal journal = sessions.turns().journal(fixture.claim());
        sessions.send(PROJECT, id, TurnInput.ofMessage("two"));

        assertThat(sessions.send(PROJECT, id, TurnInput.ofMessage("stop"), Delivery.STEER))
                .isEqualTo(turn);
        Event started = new Event.TurnStarted(1);
        Event steering = Event.UserMessage.steering("stop");
        assertThat(journal.append(started)).containsExactly(steering, started);
        assertThat(journal.events())
                .containsSubsequence(steering, started)
                .doesNotContain(new Event.UserMessage("two", List.of()));
        Event next = new Event.ModelStarted(1, "any/any");
        assertThat(journal.append(next)).containsExactly(next);
    }

    @Test
    void aTurnDoesNotEndOverAMessageItHasNotSeen() {
        SessionId id = fixture.newSession();
        sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        SessionJournal journal = sessions.turns().journal(fixture.claim());
        sessions.send(PROJECT, id, TurnInput.ofMessage("stop"), Delivery.STEER);

        Event end = end(StopReason.END);
        assertThat(journal.append(end)).containsExactly(Event.UserMessage.steering("stop"));
        assertThat(fixture.session(id).state()).isEqualTo(SessionState.RUNNING);
        assertThat(journal.append(end)).containsExactly(end);
        assertThat(fixture.session(id).state()).isEqualTo(SessionState.IDLE);
    }

    @ParameterizedTest
    @EnumSource(
            value = StopReason.class,
            names = {"LENGTH", "MAX_STEPS", "STUCK", "MALFORMED_CALLS", "ERROR"})
    void whatATurnHasNotSeenWhenItFailsIsAnsweredByAnother(StopReason reason) {
        SessionId id = fixture.newSession();
        sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        Lease lease = fixture.claim();
        SessionJournal journal = sessions.turns().journal(lease);
        journal.append(new Event.TurnStarted(1));
        journal.append(new Event.ModelStarted(1, "any/any"));
        sessions.send(PROJECT, id, TurnInput.ofMessage("stop"), Delivery.STEER);

        Event.TurnCompleted end = end(reason);
        assertThat(journal.append(end))
                .containsExactly(Event.UserMessage.steering("stop"), end.over(1));
        assertThat(fixture.session(id).state()).isEqualTo(SessionState.QUEUED);
        assertThat(fixture.session(id).stopReason()).contains(reason);
        sessions.turns().release(lease);
        Lease next = fixture.claim();
        SessionJournal answering = sessions.turns().journal(next);
        assertThat(userMessages(answering)).containsExactly("one", "stop");

        answering.append(new Event.TurnStarted(1));
        answering.append(end); // it has its own say, and that is all
        assertThat(fixture.session(id).state()).isEqualTo(SessionState.FAILED);
    }

    @ParameterizedTest
    @EnumSource(
            value = StopReason.class,
            names = {"INTERRUPTED", "BUDGET"})
    void whatAnInterruptOrABudgetLeavesUnseenStaysForTheNextTurn(StopReason reason) {
        SessionId id = fixture.newSession();
        sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        Lease lease = fixture.claim();
        SessionJournal journal = sessions.turns().journal(lease);
        journal.append(new Event.TurnStarted(1));
        sessions.send(PROJECT, id, TurnInput.ofMessage("stop"), Delivery.STEER);
        Event.TurnCompleted end = end(reason);
        assertThat(journal.append(end).getLast()).isEqualTo(end.over(1));
        assertThat(sessions.turns().claim(1, SessionFixture.LEASE)).isEmpty();
        sessions.turns().release(lease);

        sessions.send(PROJECT, id, TurnInput.ofMessage("two"));
        assertThat(userMessages(sessions.turns().journal(fixture.claim())))
                .containsExactly("one", "stop", "two");
    }

    @Test
    void aTurnThatWaitsAnswersWhatTheOneBeforeHasNotSeen() {
        SessionId id = fixture.newSession();
        sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        Lease lease = fixture.claim();
        TurnId two = sessions.send(PROJECT, id, TurnInput.ofMessage("two"));
        sessions.send(PROJECT, id, TurnInput.ofMessage("stop"), Delivery.STEER);
        complete(lease, StopReason.STUCK);
        Lease next = fixture.claim();
        assertThat(next.turn()).isEqualTo(two);
        assertThat(userMessages(sessions.turns().journal(next)))
                .containsExactly("one", "stop", "two");
        complete(next, StopReason.END);
        assertThat(fixture.session(id).state()).isEqualTo(SessionState.IDLE);
    }

    /// As the model is to see them.
    private static List<String> userMessages(SessionJournal journal) {
        return Conversation.of(journal.events()).messages().stream()
                .filter(Message.User.class::isInstance)
                .map(message -> ((Message.User) message).text())
                .toList();
    }

    @Test
    void withoutATurnThatRunsSteeringStartsOne() {
        SessionId id = fixture.newSession();
        TurnId first = sessions.send(PROJECT, id, TurnInput.ofMessage("one"), Delivery.STEER);
        TurnId second = sessions.send(PROJECT, id, TurnInput.ofMessage("two"), Delivery.STEER);
        assertThat(second).isNotEqualTo(first); // the first waits: nobody runs it yet

        Lease lease = fixture.claim();
        sessions.interrupt(PROJECT, id);
        TurnId third = sessions.send(PROJECT, id, TurnInput.ofMessage("three"), Delivery.STEER);
        assertThat(third).isNotIn(first, second); // the first is ending
        complete(lease, StopReason.INTERRUPTED);
        assertThat(fixture.claim().turn()).isEqualTo(second);
    }

    @Test
    void anInterruptingMessageEndsTheTurnAndComesNext() {
        SessionId id = fixture.newSession();
        sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        Lease lease = fixture.claim();
        TurnId next = sessions.send(PROJECT, id, TurnInput.ofMessage("no"), Delivery.INTERRUPT);

        assertThat(lease.cancellation().isCancelled()).isTrue();
        complete(lease, StopReason.INTERRUPTED);
        assertThat(fixture.claim().turn()).isEqualTo(next);
    }

    @Test
    void anInterruptHappensAlsoWhereTheMessageIsRefused() {
        SessionId id = fixture.newSession();
        sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        Lease lease = fixture.claim();
        for (int i = 0; i < 2; i++) { // as many as may wait
            sessions.send(PROJECT, id, TurnInput.ofMessage("waits"));
        }
        long last = fixture.session(id).lastEvent();
        TurnInput no = TurnInput.ofMessage("no");
        assertCode(
                ErrorCode.SESSION_BUSY, () -> sessions.send(PROJECT, id, no, Delivery.INTERRUPT));
        assertThat(lease.cancellation().isCancelled()).isTrue();
        assertThat(fixture.session(id).lastEvent()).isEqualTo(last);
        sessions.turns().release(lease); // and it is not forgotten with the process
        assertThat(fixture.claim().cancellation().isCancelled()).isTrue();
    }

    @Test
    void messagesThatATurnHasNotSeenAreBounded() {
        SessionId id = fixture.newSession();
        sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        SessionJournal journal = sessions.turns().journal(fixture.claim());
        journal.append(new Event.ModelStarted(1, "any/any"));
        for (int i = 0; i < Sessions.STEERING_MESSAGES_MAX; i++) {
            sessions.send(PROJECT, id, TurnInput.ofMessage("more"), Delivery.STEER);
        }
        var more = TurnInput.ofMessage("more");
        assertCode(ErrorCode.SESSION_BUSY, () -> sessions.send(PROJECT, id, more, Delivery.STEER));
        journal.append(new Event.ModelStarted(2, "any/any"));
        sessions.send(PROJECT, id, more, Delivery.STEER);
        var tools = new TurnInput(List.of("more"), Map.of(), List.of(TOOL));
        assertCode(ErrorCode.CONFLICT, () -> sessions.send(PROJECT, id, tools, Delivery.STEER));
    }

    @Test
    void stateFollowsFromTurns() {
        SessionId id = fixture.newSession();
        sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        complete(fixture.claim(), StopReason.ERROR);
        assertThat(fixture.session(id).state()).isEqualTo(SessionState.FAILED);

        sessions.send(PROJECT, id, TurnInput.ofMessage("two"));
        assertThat(fixture.session(id).state()).isEqualTo(SessionState.QUEUED);
        complete(fixture.claim(), StopReason.END);
        assertThat(fixture.session(id).state()).isEqualTo(SessionState.IDLE);
    }

    @Test
    void usageIsTheSumOverAllAnswers() {
        SessionId id = fixture.newSession();
        sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        SessionJournal journal = sessions.turns().journal(fixture.claim());
        journal.append(answer("a"));
        journal.append(answer("b"));

        assertThat(fixture.session(id).usage()).isEqualTo(new Usage(20, 4, 0, 0, 0));
    }

    @Test
    void resultsOfTheCallerAnswerItsOpenCallsInTheirOrder() {
        SessionId id = sessionThatWaitsForItsCaller();
        sessions.send(
                PROJECT,
                id,
                new TurnInput(List.of("go on"), Map.of("c2", "two", "c1", "one"), List.of(TOOL)));

        assertThat(fixture.events(id).reversed().subList(0, 3).reversed())
                .containsExactly(
                        new Event.ToolCompleted(
                                "c1", "weather", ToolStatus.OK, "one", Duration.ZERO),
                        new Event.ToolCompleted(
                                "c2", "weather", ToolStatus.OK, "two", Duration.ZERO),
                        new Event.UserMessage("go on", List.of(TOOL)));
    }

    @Test
    void toolsThatComeWithResultsAloneStandInAMessageWithoutText() {
        SessionId id = sessionThatWaitsForItsCaller();
        sessions.send(PROJECT, id, new TurnInput(List.of(), Map.of("c1", "one"), List.of(TOOL)));

        assertThat(fixture.events(id).getLast())
                .isEqualTo(new Event.UserMessage("", List.of(TOOL)));
    }

    @Test
    void resultsThatNobodyWaitsForAreRefusedAndNothingIsWritten() {
        SessionId id = sessionThatWaitsForItsCaller();
        long before = fixture.session(id).lastEvent();
        var unknown = new TurnInput(List.of("x"), Map.of("c1", "ok", "c9", "?"), List.of());
        assertCode(ErrorCode.CONFLICT, () -> sessions.send(PROJECT, id, unknown));
        assertThat(fixture.session(id).lastEvent()).isEqualTo(before);
        assertThat(fixture.session(id).state()).isEqualTo(SessionState.IDLE);

        sessions.send(PROJECT, id, new TurnInput(List.of(), Map.of("c1", "one"), List.of()));
        var late = new TurnInput(List.of(), Map.of("c2", "two"), List.of());
        assertCode(ErrorCode.CONFLICT, () -> sessions.send(PROJECT, id, late));
    }

    @Test
    void callsOfATurnThatEndedOtherwiseAreNotOpen() {
        SessionId id = fixture.newSession();
        sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        Lease lease = fixture.claim();
        sessions.turns().journal(lease).append(answer("", new ToolCall("c1", "weather", "{}")));
        var result = new TurnInput(List.of(), Map.of("c1", "one"), List.of());
        assertCode(ErrorCode.CONFLICT, () -> sessions.send(PROJECT, id, result));

        complete(lease, StopReason.INTERRUPTED);
        assertCode(ErrorCode.CONFLICT, () -> sessions.send(PROJECT, id, result));
    }

    @Test
    void limitsAreNamed() {
        SessionId id = fixture.newSession();
        var large = TurnInput.ofMessage("é".repeat(501));
        assertCode(ErrorCode.BODY_TOO_LARGE, () -> sessions.send(PROJECT, id, large));
        assertCode(
                ErrorCode.INVALID_REQUEST,
                () -> sessions.send(PROJECT, id, TurnInput.ofMessage(" ")));
        var many = new TurnInput(Collections.nCopies(257, "x"), Map.of(), List.of());
        assertCode(ErrorCode.INVALID_REQUEST, () -> sessions.send(PROJECT, id, many));
        sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        sessions.send(PROJECT, id, TurnInput.ofMessage("two"));
        assertCode(
                ErrorCode.SESSION_BUSY,
                () -> sessions.send(PROJECT, id, TurnInput.ofMessage("three")));
        fixture.claim();
        sessions.send(PROJECT, id, TurnInput.ofMessage("three"));

        for (int i = 0; i < 4; i++) {
            fixture.newSession();
        }
        assertCode(ErrorCode.TOO_MANY_SESSIONS, fixture::newSession);
        for (int i = 0; i < 4; i++) {
            sessions.subscribe(PROJECT, id, 0);
        }
        assertCode(ErrorCode.RATE_LIMITED, () -> sessions.subscribe(PROJECT, id, 0));
    }

    @Test
    void interruptCancelsTheRunningTurnAndLeavesTheQueueAlone() {
        SessionId id = fixture.newSession();
        sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        Lease lease = fixture.claim();
        sessions.send(PROJECT, id, TurnInput.ofMessage("two"));
        sessions.interrupt(PROJECT, id);

        assertThat(lease.cancellation().isCancelled()).isTrue();
        complete(lease, StopReason.INTERRUPTED);
        assertThat(fixture.claim().cancellation().isCancelled()).isFalse();
    }

    @Test
    void interruptOutlivesTheServer() {
        SessionId id = fixture.newSession();
        sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        fixture.claim();
        var next =
                new Sessions(
                        fixture.store, fixture.deployments, SessionSettings.DEFAULT, fixture.clock);
        next.interrupt(PROJECT, id); // by a process that does not run the turn
        fixture.clock.tick(LEASE);

        assertThat(next.turns().claim(1, LEASE).getFirst().cancellation().isCancelled()).isTrue();
    }

    @Test
    void interruptEndsATurnThatWaitsAtOnce() {
        SessionId id = fixture.newSession();
        sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        TurnId second = sessions.send(PROJECT, id, TurnInput.ofMessage("two"));
        sessions.interrupt(PROJECT, id);

        assertThat(fixture.events(id).getLast())
                .isEqualTo(
                        new Event.TurnCompleted(
                                StopReason.INTERRUPTED, 0, Usage.NONE, Optional.empty()));
        assertThat(fixture.claim().turn()).isEqualTo(second);
    }

    @Test
    void interruptedTurnThatWaitsToBeTriedAgainDoesNotWaitAnyLonger() {
        SessionId id = fixture.newSession();
        sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        sessions.turns().releaseFailed(fixture.claim(), Duration.ofMinutes(1));
        sessions.interrupt(PROJECT, id);

        assertThat(fixture.claim().cancellation().isCancelled()).isTrue();
    }

    @Test
    void interruptOfOneTurnLeavesTheOthersAlone() {
        SessionId id = fixture.newSession();
        TurnId first = sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        Lease lease = fixture.claim();
        TurnId second = sessions.send(PROJECT, id, TurnInput.ofMessage("two"));
        sessions.interrupt(PROJECT, id, second);
        sessions.interrupt(PROJECT, id, second);

        assertThat(fixture.events(id).stream().filter(Event.TurnCompleted.class::isInstance))
                .hasSize(1);
        assertThat(lease.cancellation().isCancelled()).isFalse();
        sessions.interrupt(PROJECT, id, first);
        assertThat(lease.cancellation().isCancelled()).isTrue();
    }

    @Test
    void interruptOfAnIdleSessionDoesNothing() {
        SessionId id = fixture.newSession();
        sessions.interrupt(PROJECT, id);

        assertThat(fixture.session(id).lastEvent()).isEqualTo(1);
    }

    @Test
    void deletedSessionIsGoneWithItsJournalAndItsTurn() {
        SessionId id = fixture.newSession();
        sessions.send(PROJECT, id, TurnInput.ofMessage("one"));
        Lease lease = fixture.claim();
        SessionJournal journal = sessions.turns().journal(lease);
        lease.cancellation().onCancel(() -> sessions.turns().release(lease));
        sessions.delete(PROJECT, id);

        assertThat(lease.cancellation().isCancelled()).isTrue();
        assertCode(ErrorCode.SESSION_NOT_FOUND, () -> sessions.get(PROJECT, id));
        assertThatThrownBy(() -> journal.append(answer("late")))
                .isInstanceOf(LeaseLostException.class);
        long rows =
                fixture.store.read(handle ->
                        handle.createQuery(
                                        """
                                        select (select count(*) from events)
                                            + (select count(*) from turns)\
                                        """)
                                .mapTo(Long.class)
                                .one());
        assertThat(rows).isZero();
    }

    @Test
    void sandboxIsBoundOnce() {
        SessionId id = fixture.newSession();
        var sandbox = SandboxId.next();

        assertThat(sessions.bindSandbox(PROJECT, id, sandbox)).isTrue();
        assertThat(sessions.bindSandbox(PROJECT, id, SandboxId.next())).isFalse();
        assertThat(fixture.session(id).sandbox()).contains(sandbox);
    }

    private static final ToolSpec TOOL =
            new ToolSpec("weather", "Tells.", JsonNodeFactory.instance.objectNode());

    private SessionId sessionThatWaitsForItsCaller() {
        SessionId id = fixture.newSession();
        sessions.send(PROJECT, id, new TurnInput(List.of("weather?"), Map.of(), List.of(TOOL)));
        Lease lease = fixture.claim();
        sessions.turns()
                .journal(lease)
                .append(
                        answer(
                                "",
                                new ToolCall("c1", "weather", "{}"),
                                new ToolCall("c2", "weather", "{}")));
        complete(lease, StopReason.TOOL_CALLS);
        return id;
    }

    @Test
    void aMessageThatComesAfterTheLastAnswerLeavesCallsToTheirCaller() {
        SessionId id = fixture.newSession();
        sessions.send(PROJECT, id, new TurnInput(List.of("weather?"), Map.of(), List.of(TOOL)));
        Lease lease = fixture.claim();
        SessionJournal journal = sessions.turns().journal(lease);
        journal.append(new Event.TurnStarted(1));
        journal.append(answer("", new ToolCall("c1", "weather", "{}")));
        sessions.send(PROJECT, id, TurnInput.ofMessage("hurry"), Delivery.STEER);
        complete(lease, StopReason.TOOL_CALLS);

        sessions.send(PROJECT, id, new TurnInput(List.of(), Map.of("c1", "sun"), List.of()));
        assertThat(fixture.events(id).getLast()).isInstanceOf(Event.ToolCompleted.class);
    }

    private void complete(Lease lease, StopReason reason) {
        sessions.turns().journal(lease).append(end(reason));
        sessions.turns().release(lease);
    }

    private static Event.TurnCompleted end(StopReason reason) {
        return new Event.TurnCompleted(reason, 1, Usage.NONE, Optional.empty());
    }

    private static void assertCode(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        CarrelException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
