package dev.carrel.session;

import static dev.carrel.session.SessionFixture.LEASE;
import static dev.carrel.session.SessionFixture.PROJECT;
import static dev.carrel.session.SessionFixture.answer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.model.Usage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Leases and the journal that they fence. A second [Sessions] on the same store stands for another
/// process.
class TurnQueueTest {
    @TempDir Path home;
    private SessionFixture fixture;
    private TurnQueue ours;
    private TurnQueue theirs;

    @BeforeEach
    void open() {
        fixture = new SessionFixture(home);
        ours = fixture.sessions.turns();
        theirs =
                new Sessions(
                                fixture.store,
                                fixture.deployments,
                                SessionSettings.DEFAULT,
                                fixture.clock)
                        .turns();
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void turnIsClaimedOnce() {
        send("one");

        assertThat(ours.claim(10, LEASE)).hasSize(1);
        assertThat(theirs.claim(10, LEASE)).isEmpty();
        assertThat(ours.claim(10, LEASE)).isEmpty();
    }

    @Test
    void everyTurnHasOneOwnerHoweverManyClaim() throws Exception {
        for (int i = 0; i < 40; i++) {
            send("message " + i);
        }
        Set<Object> claimed = ConcurrentHashMap.newKeySet();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 8; i++) {
                TurnQueue queue = i % 2 == 0 ? ours : theirs;
                threads.submit(() -> {
                    for (var found = queue.claim(3, LEASE);
                            !found.isEmpty();
                            found = queue.claim(3, LEASE)) {
                        found.forEach(lease -> assertThat(claimed.add(lease.turn())).isTrue());
                    }
                    return claimed;
                });
            }
        }
        assertThat(claimed).hasSize(40);
    }

    @Test
    void expiredLeaseIsTakenOverAndItsOwnerFencedOff() {
        SessionId session = send("one");
        Lease frozen = ours.claim(1, LEASE).getFirst();
        SessionJournal journal = ours.journal(frozen);
        journal.append(new Event.TurnStarted(1));
        fixture.clock.tick(LEASE.minusMillis(1));
        assertThat(theirs.claim(1, LEASE)).isEmpty();
        fixture.clock.tick(Duration.ofMillis(1));

        Lease taken = theirs.claim(1, LEASE).getFirst();
        assertThat(taken.turn()).isEqualTo(frozen.turn());
        assertThatThrownBy(() -> journal.append(answer("late")))
                .isInstanceOf(LeaseLostException.class);
        theirs.journal(taken).append(answer("in time"));
        assertThat(fixture.events(session)).hasSize(4).endsWith(answer("in time"));

        ours.renew(LEASE);
        assertThat(frozen.abandonment().isCancelled()).isTrue();
        assertThat(frozen.cancellation().isCancelled()).isFalse();
        ours.release(frozen);
        assertThat(ours.claim(1, LEASE)).as("a late release takes nothing away").isEmpty();
    }

    @Test
    void renewedLeaseDoesNotExpire() {
        send("one");
        Lease lease = ours.claim(1, LEASE).getFirst();
        for (int i = 0; i < 10; i++) {
            fixture.clock.tick(Duration.ofSeconds(10));
            ours.renew(LEASE);
        }

        assertThat(theirs.claim(1, LEASE)).isEmpty();
        assertThat(lease.abandonment().isCancelled()).isFalse();
    }

    @Test
    void abandonedLeaseTakesNoEntryThoughNobodyElseHasIt() {
        SessionId session = send("one");
        Lease lease = ours.claim(1, LEASE).getFirst();
        SessionJournal journal = ours.journal(lease);
        lease.abandonment().cancel();

        assertThatThrownBy(() -> journal.append(answer("late")))
                .isInstanceOf(LeaseLostException.class);
        assertThat(fixture.events(session)).hasSize(2);
    }

    @Test
    void releasedTurnIsClaimableAtOnceAndAFailedOneAfterItsPause() {
        send("one");
        ours.release(ours.claim(1, LEASE).getFirst());
        Lease again = theirs.claim(1, LEASE).getFirst();
        assertThat(again.failures()).isZero();

        theirs.releaseFailed(again, Duration.ofSeconds(4));
        assertThat(ours.claim(1, LEASE)).isEmpty();
        fixture.clock.tick(Duration.ofSeconds(4));
        assertThat(ours.claim(1, LEASE).getFirst().failures()).isEqualTo(1);
    }

    @Test
    void leasesOfADeadProcessAreVoidedAtOnce() {
        send("one");
        ours.claim(1, LEASE);
        theirs.voidLeases();

        assertThat(theirs.claim(1, LEASE)).hasSize(1);
    }

    @Test
    void cancelRequestedElsewhereArrivesWithTheHeartbeat() {
        SessionId session = send("one");
        Lease lease = ours.claim(1, LEASE).getFirst();
        new Sessions(fixture.store, fixture.deployments, SessionSettings.DEFAULT, fixture.clock)
                .interrupt(PROJECT, session);
        assertThat(lease.cancellation().isCancelled()).isFalse();

        ours.renew(LEASE);
        assertThat(lease.cancellation().isCancelled()).isTrue();
    }

    @Test
    void completionEndsTheTurnInTheSameTransaction() {
        SessionId session = send("one");
        Lease lease = ours.claim(1, LEASE).getFirst();
        SessionJournal journal = ours.journal(lease);
        journal.append(end());

        assertThat(fixture.session(session).state()).isEqualTo(SessionState.IDLE);
        assertThatThrownBy(() -> journal.append(answer("more")))
                .isInstanceOf(LeaseLostException.class);
        fixture.clock.tick(LEASE);
        assertThat(theirs.claim(1, LEASE)).isEmpty();
    }

    @Test
    void journalShowsTurnByTurnAndNothingOfLaterTurns() {
        SessionId session = send("one");
        SessionJournal first = ours.journal(ours.claim(1, LEASE).getFirst());
        first.append(new Event.TurnStarted(1));
        fixture.sessions.send(PROJECT, session, TurnInput.ofMessage("two"));
        first.append(answer("done"));
        assertThat(first.events()).contains(user("one")).doesNotContain(user("two"));
        first.append(end());

        SessionJournal second = ours.journal(ours.claim(1, LEASE).getFirst());
        fixture.sessions.send(PROJECT, session, TurnInput.ofMessage("three"));
        assertThat(second.events().subList(1, second.events().size()))
                .containsExactly(
                        user("one"), new Event.TurnStarted(1), answer("done"), end(), user("two"));
        assertThat(second.turnEvents()).containsExactly(user("two"));
    }

    @Test
    void startOfACallIsKnownByItsNumberAfterACrashToo() {
        send("one");
        Lease lease = ours.claim(1, LEASE).getFirst();
        SessionJournal journal = ours.journal(lease);
        journal.append(new Event.ToolStarted("c", "bash", "{}"));
        assertThat(journal.startedAt("c")).hasValue(3);
        journal.append(new Event.ToolStarted("c", "bash", "{}"));

        assertThat(journal.startedAt("c")).hasValue(4);
        assertThat(ours.journal(lease).startedAt("c")).hasValue(4);
        assertThat(journal.startedAt("other")).isEqualTo(OptionalLong.empty());
    }

    @Test
    void announcementIsNotLostBeforeTheWait() throws Exception {
        ours.announce();
        ours.announce();
        long start = System.nanoTime();
        ours.awaitNews(Duration.ofSeconds(30));

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
    }

    private SessionId send(String text) {
        SessionId session = fixture.newSession();
        fixture.sessions.send(PROJECT, session, TurnInput.ofMessage(text));
        return session;
    }

    private static Event user(String text) {
        return new Event.UserMessage(text, List.of());
    }

    private static Event end() {
        return new Event.TurnCompleted(StopReason.END, 1, Usage.NONE, Optional.empty());
    }
}
