package dev.carrel.session;

import static dev.carrel.session.SessionFixture.LEASE;
import static dev.carrel.session.SessionFixture.PROJECT;
import static dev.carrel.session.SessionFixture.answer;
import static dev.carrel.session.SessionFixture.end;
import static dev.carrel.session.SessionFixture.sumUp;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptJournalsTest {
    @TempDir Path home;
    private SessionFixture fixture;
    private SessionId session;

    @BeforeEach
    void open() {
        fixture = new SessionFixture(home);
        session = fixture.newSession();
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void aTurnKnowsTheSameFromWhatIsKeptAsFromTheDatabase() {
        send("one");
        send("two"); // stands in the middle of the first turn
        turn(fixture.sessions, "re one");
        assertSame("two");
        turn(fixture.sessions, "re two");
        send("three");
        assertSame("three");
    }

    @Test
    void turnsOfAnotherProcessInBetweenAreSeen() {
        send("one");
        turn(fixture.sessions, "here");
        send("two");
        turn(otherProcess(), "there");
        send("three");
        SessionJournal journal = assertSame("three");
        assertThat(journal.events().toString()).contains("here", "there", "three");
    }

    @Test
    void somethingSaidOutsideOfTurnsIsSeen() {
        send("one");
        turn(fixture.sessions, "here");
        fixture.store.write(
                handle -> fixture.append(handle, session, new Event.ModelStarted(77, "of nobody")));
        send("two");
        assertSame("two");
    }

    @Test
    void aForkKnowsWhatIsKeptOfItsOriginal() {
        send("one");
        turn(fixture.sessions, "re one");
        SessionId original = session;
        long last = fixture.sessions.get(PROJECT, original).lastEvent();
        KeptJournals kept = fixture.sessions.turns().kept();

        session = fixture.fork(original, last);
        kept.share(original, session, last);
        assertThat(kept.take(session, Long.MAX_VALUE).entries()).isNotEmpty();
        kept.share(original, session, last);
        send("two");
        assertSame("two");
        turn(fixture.sessions, "re two");
        send("three");
        assertSame("three");
        turn(fixture.sessions, "re three");

        session = original;
        send("two of the original");
        assertThat(assertSame("two of the original").events().toString()).doesNotContain("re two");
    }

    @Test
    void whatComesAfterATurnThatWasSummedUpIsKeptAgain() {
        KeptJournals kept = fixture.sessions.turns().kept();
        send("one");
        summedUp(fixture.sessions);
        assertThat(kept.take(session, Long.MAX_VALUE)).isEqualTo(KeptJournals.Kept.NOTHING);
        send("two");
        turn(fixture.sessions, "re two");
        send("three");
        assertSame("three");
        turn(fixture.sessions, "re three");
        assertThat(kept.take(session, Long.MAX_VALUE).entries()).isNotEmpty();
    }

    private void summedUp(Sessions process) {
        Lease lease = process.turns().claim(1, LEASE).getFirst();
        SessionJournal journal = process.turns().journal(lease);
        journal.append(new Event.TurnStarted(1));
        for (int step = 1; step <= 3; step++) {
            journal.append(new Event.ModelStarted(step, "a/b"));
            journal.append(answer("step " + step));
        }
        sumUp(journal, 1, 1);
        end(journal, StopReason.END);
        process.turns().release(lease);
    }

    @Test
    void aForkOfEarlierEntriesDoesNotKnowWhatIsKept() {
        send("one");
        turn(fixture.sessions, "re one");
        KeptJournals kept = fixture.sessions.turns().kept();
        SessionId fork = fixture.fork(session, 1);
        kept.share(session, fork, 1);
        assertThat(kept.take(fork, Long.MAX_VALUE)).isEqualTo(KeptJournals.Kept.NOTHING);
    }

    @Test
    void whatIsKeptLongestMakesRoom() {
        var kept = new KeptJournals(10);
        SessionId other = fixture.newSession();
        kept.keep(session, kept(1, 6));
        kept.keep(other, kept(1, 5));
        assertThat(kept.take(session, 9)).isEqualTo(KeptJournals.Kept.NOTHING);
        assertThat(kept.take(other, 9)).isEqualTo(kept(1, 5));
        assertThat(kept.take(other, 9)).as("taken").isEqualTo(KeptJournals.Kept.NOTHING);
        kept.keep(session, kept(1, 11));
        assertThat(kept.take(session, 9)).as("too long").isEqualTo(KeptJournals.Kept.NOTHING);
        kept.keep(session, kept(5, 1));
        assertThat(kept.take(session, 5)).as("not earlier").isEqualTo(KeptJournals.Kept.NOTHING);
    }

    private static KeptJournals.Kept kept(long position, long chars) {
        return new KeptJournals.Kept(position, position, List.of(), chars);
    }

    private void send(String text) {
        fixture.sessions.send(PROJECT, session, TurnInput.ofMessage(text));
    }

    private Sessions otherProcess() {
        return new Sessions(
                fixture.store, fixture.deployments, SessionSettings.DEFAULT, fixture.clock);
    }

    private void turn(Sessions process, String text) {
        Lease lease = process.turns().claim(1, LEASE).getFirst();
        SessionJournal journal = process.turns().journal(lease);
        journal.append(new Event.TurnStarted(1));
        journal.append(answer(text));
        end(journal, StopReason.END);
        process.turns().release(lease);
    }

    /// Of the turn that comes next; a process that has kept nothing reads all of it. Leaves the
    /// turn where it was.
    private SessionJournal assertSame(String what) {
        Lease lease = fixture.claim();
        SessionJournal journal = fixture.sessions.turns().journal(lease);
        SessionJournal read = otherProcess().turns().journal(lease);
        assertThat(journal.events()).as(what).isEqualTo(read.events());
        fixture.sessions.turns().release(lease);
        return journal;
    }
}
