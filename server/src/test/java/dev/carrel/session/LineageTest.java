package dev.carrel.session;

import static dev.carrel.session.SessionFixture.PROJECT;
import static dev.carrel.session.SessionFixture.answer;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.agent.Event;
import dev.carrel.agent.FilesThen;
import dev.carrel.agent.StopReason;
import dev.carrel.model.ToolCall;
import dev.carrel.model.Usage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Journals that share their past.
class LineageTest {
    @TempDir Path home;
    private SessionFixture fixture;
    private SessionId original;

    @BeforeEach
    void open() {
        fixture = new SessionFixture(home);
        original = fixture.newSession();
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void aForkAndItsOriginalGoOnEachForItself() {
        say(original, "a", "b", "c"); // 2 to 4
        SessionId fork = fixture.fork(original, 3);
        say(original, "theirs");
        say(fork, "mine");

        assertThat(journal(original)).containsExactly("1", "2 a", "3 b", "4 c", "5 theirs");
        assertThat(journal(fork)).containsExactly("1", "2 a", "3 b", "4 forked at 3", "5 mine");
        assertThat(fixture.session(fork).lastEvent()).isEqualTo(5);
    }

    @Test
    void aForkMayBeginBeforeItsOriginalDid() {
        say(original, "a", "b"); // 2, 3
        SessionId fork = fixture.fork(original, 3); // 4
        say(fork, "c"); // 5
        assertThat(journal(fixture.fork(fork, 2))).containsExactly("1", "2 a", "3 forked at 2");
        assertThat(journal(fixture.fork(fork, 3)))
                .containsExactly("1", "2 a", "3 b", "4 forked at 3");
        assertThat(journal(fixture.fork(fork, 4)))
                .endsWith("3 b", "4 forked at 3", "5 forked at 4");
        assertThat(journal(fixture.fork(fork, 5))).endsWith("5 c", "6 forked at 5");
    }

    @Test
    void atAnyDepthAForkIsWholeAndOfFewParts() {
        SessionId newest = original;
        List<String> expected = new ArrayList<>(List.of("1"));
        for (int depth = 1; depth <= 2 * Lineage.PARTS_MAX + 3; depth++) {
            long at = fixture.session(newest).lastEvent();
            newest = fixture.fork(newest, at);
            say(newest, "depth " + depth);
            expected.add(at + 1 + " forked at " + at);
            expected.add(at + 2 + " depth " + depth);
            assertThat(journal(newest)).isEqualTo(expected);
            assertThat(parts(newest)).isLessThanOrEqualTo(Lineage.PARTS_MAX);
        }
        assertThat(parts(newest)).isGreaterThan(1);
    }

    @Test
    void aLongPastCostsAForkNoMoreThanAShortOne() {
        SessionId longer = fixture.newSession();
        fixture.store.write(handle -> {
            for (int i = 0; i < 1_000; i++) {
                fixture.append(handle, longer, new Event.ModelStarted(i, "a/b"));
            }
            return longer;
        });
        turn(longer);
        turn(original);
        List<Long> before = rows();
        fixture.fork(original, 2);
        List<Long> afterShort = rows();
        fixture.fork(longer, 1_001);
        assertThat(difference(rows(), afterShort)).isEqualTo(difference(afterShort, before));
    }

    @Test
    void whoeverIsDeletedFirstTheOthersStayWholeAndNothingIsLeftInTheEnd() {
        var random = new Random(7);
        for (int round = 0; round < 5; round++) {
            var there = new ArrayList<>(List.of(fixture.newSession()));
            for (int i = 0; i < 12; i++) {
                SessionId one = there.get(random.nextInt(there.size()));
                say(one, "word " + i);
                turn(one);
                there.add(fixture.fork(one, 1 + random.nextLong(fixture.session(one).lastEvent())));
            }
            var journals = new ArrayList<List<String>>();
            there.forEach(session -> journals.add(journal(session)));
            while (!there.isEmpty()) {
                int which = random.nextInt(there.size());
                fixture.sessions.delete(PROJECT, there.remove(which));
                journals.remove(which);
                for (int i = 0; i < there.size(); i++) {
                    assertThat(journal(there.get(i))).isEqualTo(journals.get(i));
                }
            }
        }
        fixture.sessions.delete(PROJECT, original);
        assertThat(rows()).isEqualTo(Collections.nCopies(4, 0L));
    }

    @Test
    void ofADeletedSessionThereStaysWhatItsForksHave() {
        say(original, "a", "b", "c", "d"); // 2 to 5
        SessionId earlier = fixture.fork(original, 2);
        SessionId later = fixture.fork(original, 4);
        fixture.sessions.delete(PROJECT, original);
        assertThat(entriesStored()).isEqualTo(4 + 1 + 1);
        fixture.sessions.delete(PROJECT, later);
        assertThat(entriesStored()).isEqualTo(2 + 1);
        assertThat(journal(earlier)).containsExactly("1", "2 a", "3 forked at 2");
    }

    @Test
    void aForkThatGoesBackBeforeItsBeginningLeavesItsOriginalAlone() {
        say(original, "a", "b", "c"); // 2 to 4
        SessionId fork = fixture.fork(original, 3); // 4
        say(fork, "d"); // 5
        write(fork, new Event.SessionRewound(2, new FilesThen.Left())); // 6

        assertThat(counting(fork)).containsExactly(1L, 2L, 6L);
        assertThat(counting(original)).containsExactly(1L, 2L, 3L, 4L);
    }

    @Test
    void aTurnThatWaitedDoesNotRunInTheFork() {
        fixture.sessions.send(PROJECT, original, TurnInput.ofMessage("one"));
        SessionId fork = fixture.fork(original, 2);
        assertThat(fixture.session(fork).state()).isEqualTo(SessionState.IDLE);
        Lease lease = fixture.claim();
        assertThat(lease.session()).isEqualTo(original);
        assertThat(fixture.sessions.turns().claim(1, SessionFixture.LEASE)).isEmpty();
    }

    @Test
    void callsThatWaitForTheirCallerWaitInTheForkToo() {
        fixture.sessions.send(PROJECT, original, TurnInput.ofMessage("weather?"));
        SessionJournal journal = fixture.sessions.turns().journal(fixture.claim());
        journal.append(answer("", new ToolCall("c1", "weather", "{}")));
        journal.append(end(StopReason.TOOL_CALLS));
        SessionId fork = fixture.fork(original, fixture.session(original).lastEvent());
        fixture.sessions.delete(PROJECT, original);

        var sunny = new TurnInput(List.of(), Map.of("c1", "sunny"), List.of());
        fixture.sessions.send(PROJECT, fork, sunny);
        assertThat(fixture.events(fork).toString()).contains("sunny");
    }

    @Test
    void aTurnOfAForkKnowsWhatOneOfItsOriginalWould() {
        fixture.sessions.send(PROJECT, original, TurnInput.ofMessage("one"));
        SessionJournal journal = fixture.sessions.turns().journal(fixture.claim());
        fixture.sessions.send(PROJECT, original, TurnInput.ofMessage("two")); // in the middle
        journal.append(answer("re one"));
        journal.append(end(StopReason.END));
        fixture.sessions.turns().journal(fixture.claim()).append(end(StopReason.END));
        SessionId fork = fixture.fork(original, fixture.session(original).lastEvent());

        List<Event> known = loaded(fork);
        assertThat(known.removeLast()).isInstanceOf(Event.SessionForked.class);
        assertThat(known).isEqualTo(loaded(original));
    }

    private List<Event> loaded(SessionId session) {
        List<StreamItem.Recorded> entries =
                fixture.store.read(handle -> TurnEntries.read(handle, session, Long.MAX_VALUE - 1));
        return new ArrayList<>(entries.stream().map(StreamItem.Recorded::event).toList());
    }

    private void turn(SessionId session) {
        fixture.sessions.send(PROJECT, session, TurnInput.ofMessage("go"));
        Lease lease = fixture.claim();
        fixture.sessions.turns().journal(lease).append(end(StopReason.END));
        fixture.sessions.turns().release(lease);
    }

    private void say(SessionId session, String... texts) {
        for (String text : texts) {
            write(session, answer(text));
        }
    }

    private void write(SessionId session, Event event) {
        fixture.store.write(handle -> fixture.append(handle, session, event));
    }

    private static Event end(StopReason reason) {
        return new Event.TurnCompleted(reason, 1, Usage.NONE, Optional.empty());
    }

    /// Each entry's number, and what it says.
    private List<String> journal(SessionId session) {
        return fixture.sessions.events(PROJECT, session, 0, 1_000).stream()
                .map(entry -> (entry.seq() + " " + said(entry.event())).strip())
                .toList();
    }

    private static String said(Event event) {
        return switch (event) {
            case Event.AssistantMessage message -> message.message().text();
            case Event.SessionForked forked -> "forked at " + forked.at();
            case Event.UserMessage message -> message.text();
            default -> "";
        };
    }

    private List<Long> counting(SessionId session) {
        var counting = fixture.store.read(handle -> CountingEntries.of(handle, session));
        return fixture.sessions.events(PROJECT, session, 0, 1_000).stream()
                .map(StreamItem.Recorded::seq)
                .filter(counting::contain)
                .toList();
    }

    private int parts(SessionId session) {
        return fixture.store.read(handle -> Lineage.branches(handle, session)).size();
    }

    private long entriesStored() {
        return rows().getFirst();
    }

    private List<Long> rows() {
        return List.of("branch_entries", "journal_parts", "turns", "sessions").stream()
                .map(table ->
                        fixture.store.read(handle ->
                                handle.createQuery("select count(*) from " + table)
                                        .mapTo(Long.class)
                                        .one()))
                .toList();
    }

    private static List<Long> difference(List<Long> after, List<Long> before) {
        var more = new ArrayList<Long>();
        for (int i = 0; i < after.size(); i++) {
            more.add(after.get(i) - before.get(i));
        }
        return more;
    }
}
