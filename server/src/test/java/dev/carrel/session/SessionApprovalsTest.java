package dev.carrel.session;

import static dev.carrel.session.SessionFixture.OTHER_PROJECT;
import static dev.carrel.session.SessionFixture.PROJECT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.agent.TurnId;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ToolCall;
import dev.carrel.model.Usage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionApprovalsTest {
    private static final String PATTERN = "bash(git*)";
    private static final Duration DAYS = Duration.ofDays(400);

    @TempDir Path home;
    private SessionFixture fixture;
    private SessionApprovals approvals;
    private SessionId session;
    private TurnId turn;

    @BeforeEach
    void open() {
        fixture = new SessionFixture(home);
        approvals = fixture.sessions.approvals();
        session = fixture.newSession();
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    private static Event.ApprovalRequested asks(String call) {
        return new Event.ApprovalRequested(call, "bash", "{}", PATTERN);
    }

    /// A turn that has asked about calls and rests.
    private SessionJournal ask(String... calls) {
        turn = fixture.sessions.send(PROJECT, session, TurnInput.ofMessage("go"));
        SessionJournal journal = fixture.sessions.turns().journal(fixture.claim());
        journal.append(new Event.TurnStarted(1));
        journal.append(
                SessionFixture.answer(
                        "",
                        List.of(calls).stream()
                                .map(call -> new ToolCall(call, "bash", "{}"))
                                .toArray(ToolCall[]::new)));
        for (String call : calls) {
            journal.append(asks(call));
        }
        return journal;
    }

    private void askAndRest(String... calls) {
        assertThat(ask(calls).rest()).isEmpty();
    }

    private void decide(String call, ApprovalDecision decision) {
        approvals.decide(PROJECT, session, call, decision);
    }

    private CarrelException refusal(String call, ApprovalDecision decision) {
        return catchThrowableOfType(CarrelException.class, () -> decide(call, decision));
    }

    private List<Lease> claimable() {
        return fixture.sessions.turns().claim(5, SessionFixture.LEASE);
    }

    private SessionState state() {
        return fixture.session(session).state();
    }

    @Test
    void aTurnThatWaitsIsNobodysHoweverLongAndOverRestarts() {
        askAndRest("a", "b");
        assertThat(state()).isEqualTo(SessionState.AWAITING_APPROVAL);
        fixture.clock.tick(DAYS);
        assertThat(claimable()).isEmpty();
        fixture.close();
        fixture = new SessionFixture(home);
        fixture.sessions.turns().voidLeases();
        approvals = fixture.sessions.approvals();
        assertThat(claimable()).isEmpty();
        assertThat(approvals.pending(PROJECT, session))
                .extracting(PendingApproval::callId)
                .containsExactly("a", "b");
        decide("b", ApprovalDecision.deny("no"));
        assertThat(state()).isEqualTo(SessionState.RUNNING);
        assertThat(claimable()).extracting(Lease::turn).containsExactly(turn);
        assertThat(approvals.pending(PROJECT, session))
                .extracting(PendingApproval::callId)
                .containsExactly("a");
    }

    @Test
    void anOwnerWhoHasGivenTheTurnBackCanWriteNothing() {
        SessionJournal journal = ask("a");
        journal.rest();
        assertThatThrownBy(() -> journal.append(new Event.ToolStarted("a", "bash", "{}")))
                .isInstanceOf(LeaseLostException.class);
        assertThatThrownBy(journal::rest).isInstanceOf(LeaseLostException.class);
    }

    @Test
    void aWordThatCameFirstKeepsTheTurn() {
        SessionJournal journal = ask("a");
        decide("a", ApprovalDecision.allow());
        assertThat(journal.rest())
                .contains(
                        List.of(new Event.ApprovalDecided("a", "bash", PATTERN, true, false, "")));
        assertThat(state()).isEqualTo(SessionState.RUNNING);
        assertThat(journal.rest()).isEmpty();
    }

    @Test
    void aTurnThatIsToEndDoesNotRest() {
        turn = fixture.sessions.send(PROJECT, session, TurnInput.ofMessage("go"));
        Lease lease = fixture.claim();
        SessionJournal journal = fixture.sessions.turns().journal(lease);
        fixture.sessions.interrupt(PROJECT, session);
        assertThat(journal.rest()).contains(List.of());
        assertThat(lease.cancellation().isCancelled()).isTrue();
    }

    @Test
    void theSameWordTwiceIsOneAndAContraryOneIsRefused() {
        askAndRest("a");
        decide("a", ApprovalDecision.allow());
        decide("a", ApprovalDecision.allow());
        assertThat(fixture.events(session))
                .filteredOn(Event.ApprovalDecided.class::isInstance)
                .hasSize(1);
        assertThat(refusal("a", ApprovalDecision.deny("")).code()).isEqualTo(ErrorCode.CONFLICT);
        assertThat(refusal("a", ApprovalDecision.allowForSession()).code())
                .isEqualTo(ErrorCode.CONFLICT);
        Lease lease = claimable().getFirst();
        fixture.sessions
                .turns()
                .journal(lease)
                .append(new Event.TurnCompleted(StopReason.END, 1, Usage.NONE, Optional.empty()));
        decide("a", ApprovalDecision.allow());
        assertThat(refusal("a", ApprovalDecision.deny("")).code()).isEqualTo(ErrorCode.CONFLICT);
    }

    @Test
    void aWordForTheSessionCountsForAllThatWaitForTheSameReason() {
        SessionJournal journal = ask("a", "b");
        journal.append(new Event.ApprovalRequested("c", "bash", "{}", "bash(rm*)"));
        journal.append(new Event.ApprovalRequested("d", "write", "{}", PATTERN));
        journal.rest();
        decide("a", ApprovalDecision.allowForSession());
        assertThat(approvals.pending(PROJECT, session))
                .extracting(PendingApproval::callId)
                .containsExactly("c", "d");
        assertThat(refusal("b", ApprovalDecision.deny("")).code()).isEqualTo(ErrorCode.CONFLICT);
        decide("b", ApprovalDecision.allow());
        assertThat(fixture.events(session))
                .filteredOn(Event.ApprovalDecided.class::isInstance)
                .hasSize(1);
    }

    @Test
    void whatNobodyAskedAboutIsNotFound() {
        askAndRest("a");
        assertThat(refusal("x", ApprovalDecision.allow()).code())
                .isEqualTo(ErrorCode.APPROVAL_NOT_FOUND);
        assertThat(refusal("x", ApprovalDecision.allow()).text()).contains("x").contains("a");
        assertThatThrownBy(() ->
                        approvals.decide(OTHER_PROJECT, session, "a", ApprovalDecision.allow()))
                .hasMessageContaining(session.value());
        String longReason = "x".repeat(ApprovalDecision.REASON_CHARS_MAX + 1);
        assertThat(refusal("a", ApprovalDecision.deny(longReason)).code())
                .isEqualTo(ErrorCode.INVALID_REQUEST);
    }

    @Test
    void anInterruptWakesTheTurnAndNoWordIsTakenAfterIt() {
        askAndRest("a");
        fixture.sessions.interrupt(PROJECT, session);
        assertThat(refusal("a", ApprovalDecision.allow()).code()).isEqualTo(ErrorCode.CONFLICT);
        Lease lease = claimable().getFirst();
        assertThat(lease.cancellation().isCancelled()).isTrue();
        fixture.sessions
                .turns()
                .journal(lease)
                .append(
                        new Event.TurnCompleted(
                                StopReason.INTERRUPTED, 1, Usage.NONE, Optional.empty()));
        assertThat(approvals.pending(PROJECT, session)).isEmpty();
        assertThat(refusal("a", ApprovalDecision.allow()).code()).isEqualTo(ErrorCode.CONFLICT);
    }

    @Test
    void messagesWaitBehindItSteerItOrEndIt() {
        askAndRest("a");
        TurnId next = fixture.sessions.send(PROJECT, session, TurnInput.ofMessage("next"));
        assertThat(next).isNotEqualTo(turn);
        TurnId steered =
                fixture.sessions.send(
                        PROJECT, session, TurnInput.ofMessage("also"), Delivery.STEER);
        assertThat(steered).isEqualTo(turn);
        assertThat(claimable()).isEmpty();
        assertThat(state()).isEqualTo(SessionState.AWAITING_APPROVAL);
        fixture.sessions.send(PROJECT, session, TurnInput.ofMessage("stop"), Delivery.INTERRUPT);
        assertThat(claimable()).extracting(Lease::turn).containsExactly(turn);
    }

    @Test
    void aSessionThatWaitsCanBeDeleted() {
        askAndRest("a");
        fixture.sessions.delete(PROJECT, session);
        assertThat(refusal("a", ApprovalDecision.allow()).code())
                .isEqualTo(ErrorCode.SESSION_NOT_FOUND);
        assertThat(claimable()).isEmpty();
    }
}
